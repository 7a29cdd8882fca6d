'use strict';

/** How long an answer may take. */
const PATIENCE = 20_000;
/** How often it is asked how the login stands, while somebody waits for a code. */
const LOOK = 3_000;
const TICK = 250;

const at = (id) => document.getElementById(id);
const [message, number, code] = ['message', 'number', 'code'].map(at);
const [numberStep, codeStep, doneStep] = ['number-step', 'code-step', 'done-step'].map(at);
const [again, call] = ['again', 'call'].map(at);
const TITLE = document.title;

/** What the server said last. */
let login = { status: 'none' };
/** When the code may be sent again, and when it dies, by the clock that only elapses. */
let resendAt = 0;
let diesAt = 0;
/** Whether a request is under way that somebody made. */
let busy = false;
/** Ends the wait for the browser to read the code out of an SMS. */
let otp = null;

/** Asks the server: GET, or POST of a body. What it answers, or `{error}`. */
async function ask(path, body) {
  const options = { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE) };
  if (body) {
    Object.assign(options, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  }
  try {
    const response = await fetch(path, options);
    return response.status === 204 ? {} : await response.json();
  } catch {
    return { error: 'offline' };
  }
}

/** The same for what somebody asks for: one thing at a time. */
async function request(path, body) {
  if (busy) return null;
  busy = true;
  [numberStep, codeStep].forEach((it) => it.setAttribute('aria-busy', 'true'));
  clear();
  const answer = await ask(path, body);
  busy = false;
  [numberStep, codeStep].forEach((it) => it.removeAttribute('aria-busy'));
  return answer;
}

/** Shows where the login is. */
function show(state) {
  const before = login;
  login = state;
  if (state.status === 'pending' || state.resend_in !== null) {
    resendAt = performance.now() + (state.resend_in ?? 0) * 1000;
  }
  diesAt = performance.now() + state.expires_in * 1000;
  const isCode = !['none', 'approved'].includes(state.status);
  numberStep.hidden = state.status !== 'none';
  codeStep.hidden = !isCode;
  doneStep.hidden = state.status !== 'approved';
  if (isCode) {
    at('how').textContent = HOW[state.channel] ?? 'It is on its way to';
    at('to').textContent = state.to;
    code.maxLength = state.code_length;
    code.style.setProperty('--length', state.code_length);
    call.hidden = state.status !== 'pending' || !state.next_channel;
    call.textContent = OTHERWISE[state.next_channel] ?? 'Try another way';
    codeStep.classList.toggle('over', state.status !== 'pending');
    at('code-title').textContent = state.status === 'pending' ? 'Enter the code' : 'Get a new code';
    again.textContent = state.status === 'pending' ? 'Send it again' : 'Send a new code';
  }
  at('who').textContent = state.to;
  tick();
  if (state.status === before.status) return;
  stopListening();
  if (state.status === 'pending') listen();
  if (isCode && state.status !== 'pending') {
    trouble({ error: state.status });
  } else {
    document.title = isCode ? `Enter the code – ${TITLE}` : TITLE;
    const first = { none: number, pending: code, approved: at('done') }[state.status];
    first.focus();
  }
}

const HOW = { sms: 'We sent it to', voice: 'We are calling' };
const OTHERWISE = { sms: 'Send an SMS instead', voice: 'Call me instead' };

/** Says what is wrong, and goes there. */
function trouble(it, field) {
  message.textContent = sentence(it);
  document.title = `Error: ${message.textContent} – ${TITLE}`;
  if (field) {
    field.setAttribute('aria-invalid', 'true');
    field.dataset.describedby ??= field.getAttribute('aria-describedby');
    field.setAttribute('aria-describedby', `message ${field.dataset.describedby}`);
  }
  message.focus();
}

function clear() {
  message.textContent = '';
  at('status').textContent = '';
  document.title = codeStep.hidden ? TITLE : `Enter the code – ${TITLE}`;
  for (const field of [number, code]) {
    field.removeAttribute('aria-invalid');
    if (field.dataset.describedby) field.setAttribute('aria-describedby', field.dataset.describedby);
  }
}

function sentence({ error, retry_in: wait, checks_left: left }) {
  const later = wait ? `Try again in ${span(wait)}.` : 'Try again later.';
  switch (error) {
    case 'empty': return 'Enter your mobile number.';
    case 'number': return number.value.trim().startsWith('+')
      ? 'This is no mobile number. Check its digits.'
      : 'Begin with + and the country code, such as +31.';
    case 'line': return 'This number cannot get a code. Enter a mobile number.';
    case 'country': return 'We send no codes to this country. Enter a number of another one.';
    case 'refused': return 'We cannot send a code to this number. Sign in another way, or ask us for help.';
    case 'too_many': return `That was too often. ${later}`;
    case 'too_soon': return `A code was sent a moment ago. ${later}`;
    case 'short': return `The code has ${login.code_length} digits.`;
    case 'code': return `This is not the code. ${left === 1 ? 'One try is' : `${left} tries are`} left.`;
    case 'expired': return 'The code has expired. Have a new one sent.';
    case 'exhausted': return 'There were too many wrong codes. Have a new one sent.';
    case 'failed': return 'The code could not be sent. Check the number, or have a new code sent.';
    case 'ended':
    case 'over': return 'This code is not good any more. Have a new one sent.';
    case 'offline': return 'There is no connection. Try again.';
    default: return 'Something is wrong on our side. Try again in a moment.';
  }
}

/** How long something takes, as one says it. */
function span(seconds) {
  const [count, unit] = seconds < 90 ? [seconds, 'second'] : seconds < 5400 ? [seconds / 60, 'minute'] : [seconds / 3600, 'hour'];
  const whole = Math.ceil(count);
  return `${whole} ${unit}${whole === 1 ? '' : 's'}`;
}

/** Seconds as a clock shows them. */
function clock(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** Lets the clocks go on. */
function tick() {
  if (codeStep.hidden) return;
  const now = performance.now();
  write(at('lifetime'), clock(diesAt - now));
  const waits = now < resendAt;
  write(at('wait'), waits ? `in ${clock(resendAt - now)}` : '');
  if (waits !== again.disabled && login.status === 'pending') {
    at('status').textContent = waits ? '' : 'You can have it sent again now.';
  }
  again.disabled = waits;
  if (login.status === 'pending' && diesAt <= now) show({ ...login, status: 'expired', resend_in: null });
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Looks how the login stands: whether another channel is offered, and whether it is over. */
async function look() {
  const of = login;
  if (login.status !== 'pending' || busy || document.hidden) return;
  const state = await ask('login');
  // What somebody did meanwhile is newer.
  if (!busy && login === of && !state.error) show(state.status === 'none' ? { ...login, status: 'ended' } : state);
}

async function begin(event) {
  event.preventDefault();
  // 00 is how + is dialled.
  const entered = number.value.trim().replace(/^00/, '+');
  if (!entered) return trouble({ error: 'empty' }, number);
  const state = await request('login', { number: entered });
  if (state?.error) trouble(state, number);
  else if (state) show(state);
}

async function enter(event) {
  event.preventDefault();
  const entered = digits(code.value);
  if (entered.length !== login.code_length) return trouble({ error: 'short' }, code);
  stopListening();
  const state = await request('login/check', { code: entered });
  if (!state) return;
  if (!state.error) return show(state);
  code.value = '';
  if (['expired', 'exhausted', 'over'].includes(state.error)) {
    show({ ...login, status: state.error, resend_in: null });
  } else {
    listen();
    trouble(state, code);
  }
}

async function resend(channel) {
  const state = await request('login/resend', channel ? { channel } : {});
  if (!state) return;
  if (state.error) {
    if (state.retry_in) resendAt = performance.now() + state.retry_in * 1000;
    return trouble(state);
  }
  code.value = '';
  login = { ...login, status: 'sent' };
  show(state);
  at('status').textContent = state.channel === 'voice' ? 'We are calling you.' : 'It was sent again.';
}

async function leave() {
  const left = await request('login/end', {});
  if (left?.error) return trouble(left);
  code.value = '';
  show({ status: 'none', resend_in: null, expires_in: 0, to: '' });
  number.select();
}

/** The digits of a text, whatever keyboard they come from. */
function digits(text) {
  return text.normalize('NFKC').replace(/[٠-٩۰-۹]/g, (it) => it.charCodeAt(0) & 15).replace(/\D/g, '');
}

/** The code in what somebody pastes: the code itself, in groups or not, or all of the SMS. */
function codeIn(text, length) {
  const whole = digits(text);
  if (whole.length <= length) return whole;
  const run = (between) => text.match(new RegExp(`(?<!\\d)\\d(?:${between}\\d){${length - 1}}(?!\\d)`))?.[0];
  return digits(run('') ?? run('[ \\u00a0-]?') ?? '');
}

/** Takes what is more than one character, for a field of the code's length would cut it. */
function take(event) {
  const text = event.data ?? event.dataTransfer?.getData('text/plain') ?? '';
  if (text.length < 2 || event.isComposing) return;
  event.preventDefault();
  code.value = codeIn(text, login.code_length);
  full();
}

/** Enters the code once it is whole. */
function full() {
  const entered = digits(code.value);
  if (entered !== code.value) code.value = entered;
  if (entered.length === login.code_length) codeStep.requestSubmit();
}

/** Has the browser read the code out of the SMS, where it can (WebOTP). */
function listen() {
  if (!('OTPCredential' in window)) return;
  otp = new AbortController();
  navigator.credentials.get({ otp: { transport: ['sms'] }, signal: otp.signal }).then((it) => {
    if (!it?.code || login.status !== 'pending') return;
    code.value = it.code;
    full();
  }, () => { /* It was ended, or the person said no: there is the field. */ });
}

function stopListening() {
  otp?.abort();
  otp = null;
}

numberStep.addEventListener('submit', begin);
codeStep.addEventListener('submit', enter);
code.addEventListener('beforeinput', take);
code.addEventListener('input', full);
again.addEventListener('click', () => resend());
call.addEventListener('click', () => resend(login.next_channel));
['change', 'end'].forEach((it) => at(it).addEventListener('click', leave));
// Who was told that the code is wrong types it again at once.
message.addEventListener('keydown', (event) => {
  const field = numberStep.hidden ? code : number;
  if (event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) field.focus();
});
window.addEventListener('pagehide', stopListening);
setInterval(tick, TICK);
setInterval(look, LOOK);
ask('login').then((state) => {
  if (!state.error && state.status !== 'none' && login.status === 'none') show(state);
  else number.focus();
});
