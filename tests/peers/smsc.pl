# An SMSC made of Debian's libnet-smpp-perl, for the tests of the daemon: one session after the other,
# until stdin ends. Started with its options as JSON; told more as lines of JSON on stdin; says lines of
# JSON on stdout, one for each submit_sm, its text in hexadecimal. It sends every receipt once, and waits for no answer
# before the next.

use strict;
use warnings;
use IO::Select;
use JSON::PP;
use Net::SMPP;
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

$| = 1;
# Who is gone need not be answered.
$SIG{PIPE} = 'IGNORE';
my %options = (
    port => 0,
    by => 'deliver_sm',     # what carries receipts: deliver_sm | data_sm
    mute => JSON::PP::false,        # submits are put down and never answered
    refuse => 0,            # the command_status of every answer; what is refused has no receipt
    receipts => JSON::PP::true,     # whether receipts are sent when they are asked for
    hold => JSON::PP::false,        # receipts wait for {"set": {"hold": false}}
);
my $json = JSON::PP->new->canonical;
set(decode_json($ARGV[0])) if @ARGV;

my ($submits, $confirmed, $refused, $next) = (0, 0, 0, 1000);
my (%ledger, @waiting);
my ($session, $told) = (undef, '');

my $listener = Net::SMPP->new_listen('127.0.0.1', port => $options{port}) or die "cannot listen: $!";
say_event('listening', port => $listener->sockport);

while (1) {
    my ($ready) = IO::Select->new(\*STDIN, $session || $listener)->can_read;
    if ($ready == \*STDIN) {
        sysread(STDIN, $told, 65536, length $told) or exit;
        while ($told =~ s/^(.*)\n//) {
            commanded(decode_json($1));
        }
    } elsif ($session) {
        closed() unless heard($session->read_pdu);
    } else {
        $session = $listener->accept or next;
    }
}

# Every line begins with its event.
sub say_event {
    my ($event, %more) = @_;
    my $rest = %more ? ',' . substr($json->encode(\%more), 1) : '}';
    print "{\"event\":\"$event\"$rest\n";
}

sub set {
    my ($more) = @_;
    $options{$_} = $more->{$_} for keys %$more;
}

sub commanded {
    my ($command) = @_;
    set($command->{set}) if $command->{set};
    pump();
    say_event('report', counts(), waiting => scalar @waiting);
}

sub counts {
    my $repeated = grep { $_ > 1 } values %ledger;
    return (submits => $submits, distinct => scalar keys %ledger, repeated => $repeated, confirmed => $confirmed,
        refused => $refused);
}

sub closed {
    $session->close;
    $session = undef;
    say_event('closed', counts());
}

# Whether the session goes on.
sub heard {
    my ($pdu) = @_;
    return 0 unless $pdu;
    my $command = $pdu->{cmd};
    if ($command == Net::SMPP::CMD_bind_transceiver) {
        $session->bind_transceiver_resp(seq => $pdu->{seq}, system_id => 'perl');
        say_event('bound', system_id => $pdu->{system_id}, password => $pdu->{password});
    } elsif ($command == Net::SMPP::CMD_submit_sm) {
        submitted($pdu);
    } elsif ($command == Net::SMPP::CMD_deliver_sm_resp || $command == Net::SMPP::CMD_data_sm_resp) {
        $pdu->{status} == 0 ? $confirmed++ : $refused++;
    } elsif ($command == Net::SMPP::CMD_enquire_link) {
        $session->enquire_link_resp(seq => $pdu->{seq});
    } elsif ($command == Net::SMPP::CMD_unbind) {
        say_event('unbind');
        $session->unbind_resp(seq => $pdu->{seq});
        return 0;
    }
    return 1;
}

# Microseconds on the clock that all processes of the machine share.
sub now {
    return int(clock_gettime(CLOCK_MONOTONIC) * 1e6);
}

sub submitted {
    my ($pdu) = @_;
    $submits += 1;
    $ledger{$pdu->{short_message}} += 1;
    my %told = (
        at => now(), to => $pdu->{destination_addr}, text => unpack('H*', $pdu->{short_message}),
        data_coding => $pdu->{data_coding}, esm_class => $pdu->{esm_class},
    );
    return say_event('submit', %told) if $options{mute};
    my ($id, $refuse) = ($next++, $options{refuse} + 0);
    $session->submit_sm_resp(seq => $pdu->{seq}, status => $refuse, message_id => $refuse ? '' : "$id");
    say_event('submit', %told, command_status => $refuse, answered => now());
    return if $refuse || !$options{receipts} || !($pdu->{registered_delivery} & 3);
    push @waiting, { id => $id, source_addr => $pdu->{destination_addr}, destination_addr => $pdu->{source_addr} };
    pump();
}

sub pump {
    while (!$options{hold} && $session && @waiting) {
        my %receipt = %{ shift @waiting };
        my $id = delete $receipt{id};
        my $text = "id:$id sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 stat:DELIVRD err:000 text:";
        my @content = (async => 1, %receipt, esm_class => 4);
        if ($options{by} eq 'data_sm') {
            my @optional = (receipted_message_id => "$id\0", message_state => "\x02", message_payload => $text);
            $session->data_sm(@content, @optional);
        } else {
            $session->deliver_sm(@content, short_message => $text);
        }
    }
}
