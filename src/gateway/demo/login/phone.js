'use strict';

// The simulated handset of the demo. A page of yours has nothing of this: the code is on the phone.
{
  const EVERY = 1_000;
  const make = (name, properties, ...inside) => {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...inside);
    return element;
  };
  const list = make('ol', {});
  list.setAttribute('aria-live', 'polite');
  const pane = make('aside', { className: 'phone' },
    make('h2', { id: 'phone-title', textContent: 'Your phone' }),
    make('p', { className: 'tag', textContent: 'Simulated, in this demo alone: what the handset gets.' }), list);
  pane.setAttribute('aria-labelledby', 'phone-title');
  document.body.append(pane);

  let shown = '[]';
  const item = ({ carrier, text, arrived }) => arrived
    ? make('li', { className: 'sms', textContent: text }, make('small', { textContent: `through ${carrier}` }))
    : make('li', {}, make('small', { textContent: `${carrier} took the code. Nothing has arrived.` }));
  const draw = async () => {
    if (document.hidden) return;
    const { messages } = await (await fetch('phone', { cache: 'no-store' })).json();
    const now = JSON.stringify(messages);
    if (now === shown) return;
    shown = now;
    list.replaceChildren(...messages.map(item));
  };
  const look = () => draw().catch(() => { /* The demo has ended. */ });
  setInterval(look, EVERY);
  look();
}
