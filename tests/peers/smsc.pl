# An SMSC made of Debian's libnet-smpp-perl, for the tests of the daemon: one session after the other,
# each submit_sm answered and its receipt sent, until stdin ends. It says lines of JSON on stdout, one for
# each submit_sm, its text in hexadecimal. With the argument data, receipts are sent by data_sm.

use strict;
use warnings;
use Net::SMPP;

$| = 1;
my $listener = Net::SMPP->new_listen('127.0.0.1', port => 0) or die "cannot listen: $!";
printf "{\"event\":\"listening\",\"port\":%d}\n", $listener->sockport;

my ($submits, $confirmed, $next) = (0, 0, 1000);
my %ledger;

while (my $session = $listener->accept) {
    serve($session);
    my $repeated = grep { $_ > 1 } values %ledger;
    printf "{\"event\":\"closed\",\"submits\":%d,\"distinct\":%d,\"repeated\":%d,\"confirmed\":%d}\n",
        $submits, scalar keys %ledger, $repeated, $confirmed;
}

sub serve {
    my ($session) = @_;
    while (my $pdu = $session->read_pdu) {
        my $command = $pdu->{cmd};
        if ($command == Net::SMPP::CMD_bind_transceiver) {
            $session->bind_transceiver_resp(seq => $pdu->{seq}, system_id => 'perl');
            printf "{\"event\":\"bound\",\"system_id\":\"%s\",\"password\":\"%s\"}\n", $pdu->{system_id}, $pdu->{password};
        } elsif ($command == Net::SMPP::CMD_submit_sm) {
            submitted($session, $pdu);
        } elsif ($command == Net::SMPP::CMD_deliver_sm_resp || $command == Net::SMPP::CMD_data_sm_resp) {
            $confirmed += 1 if $pdu->{status} == 0;
        } elsif ($command == Net::SMPP::CMD_enquire_link) {
            $session->enquire_link_resp(seq => $pdu->{seq});
        } elsif ($command == Net::SMPP::CMD_unbind) {
            print "{\"event\":\"unbind\"}\n";
            $session->unbind_resp(seq => $pdu->{seq});
            last;
        }
    }
    $session->close;
}

sub submitted {
    my ($session, $pdu) = @_;
    $submits += 1;
    $ledger{$pdu->{short_message}} += 1;
    printf "{\"event\":\"submit\",\"text\":\"%s\",\"data_coding\":%d,\"esm_class\":%d}\n",
        unpack('H*', $pdu->{short_message}), $pdu->{data_coding}, $pdu->{esm_class};
    my $id = $next++;
    $session->submit_sm_resp(seq => $pdu->{seq}, message_id => "$id");
    return unless $pdu->{registered_delivery} & 3;
    my $text = "id:$id sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 stat:DELIVRD err:000 text:";
    my @addresses = (source_addr => $pdu->{destination_addr}, destination_addr => $pdu->{source_addr});
    if (@ARGV && $ARGV[0] eq 'data') {
        $session->data_sm(async => 1, @addresses, esm_class => 4,
            receipted_message_id => "$id\0", message_state => "\x02", message_payload => $text);
    } else {
        $session->deliver_sm(async => 1, @addresses, esm_class => 4, short_message => $text);
    }
}
