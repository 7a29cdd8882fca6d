# An ESME made of the PyPI package `smpplib`, for the tests of the simulated carrier.
#
# Started with the port as its argument; understands and says the same lines as esme.js. The package
# cuts long texts by itself, always with a user data header.

import json
import logging
import os
import select
import sys
import warnings

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)

import smpplib.client
import smpplib.consts
import smpplib.gsm
import smpplib.smpp


def say(**what):
    print(json.dumps(what, separators=(",", ":")), flush=True)


def text_of(octets, coding):
    if coding == 8:
        return octets.decode("utf-16-be")
    if coding == 3:
        return octets.decode("iso-8859-1")
    table, text, escaped = smpplib.gsm.GSM_CHARACTER_TABLE, "", False
    for octet in octets:
        if octet == 0x1B:
            escaped = True
        else:
            text += table[octet + 0x80 if escaped else octet]
            escaped = False
    return text


class Esme:
    def __init__(self, port):
        self.port = port
        self.client = None

    def bind(self, kind, system_id, version, **_):
        self.client = smpplib.client.Client("127.0.0.1", self.port, timeout=20, allow_unknown_opt_params=True)
        self.client.set_message_received_handler(self.delivered)
        self.client.set_message_sent_handler(
            lambda pdu: say(event="answer", status=pdu.status, id=pdu.message_id.decode())
        )
        self.client.set_error_pdu_handler(lambda pdu: say(event="answer", status=pdu.status, id=""))
        self.client.connect()
        bind = getattr(self.client, "bind_" + kind)
        resp = bind(system_id=system_id, password="secret", interface_version=version)
        say(event="bound", status=resp.status, system_id=resp.system_id.decode(), version=resp.sc_interface_version)

    def submit(self, to, text, coding, **told):
        parts, coding, esm_class = smpplib.gsm.make_parts(text, encoding=coding)
        for part in parts:
            self.client.send_message(
                source_addr_ton=5, source_addr=told["from"], dest_addr_ton=1, dest_addr_npi=1,
                destination_addr=to, registered_delivery=True, data_coding=coding, esm_class=esm_class,
                short_message=part,
            )

    def query(self, id, **told):
        self.client.set_query_resp_handler(
            lambda pdu: say(
                event="queried", status=pdu.status, id=pdu.message_id.decode(),
                final=pdu.final_date.decode(), state=pdu.message_state, error=pdu.error_code,
            )
        )
        self.client.query_message(message_id=id, source_addr_ton=5, source_addr_npi=0, source_addr=told["from"])

    def enquire(self, **_):
        self.client.send_pdu(smpplib.smpp.make_pdu("enquire_link", client=self.client))
        # The package swallows the answer; reading it here says that it came.
        say(event="enquired", status=self.client.read_pdu().status)

    def unbind(self, **_):
        resp = self.client.unbind()
        say(event="unbound", status=resp.status)
        self.client.disconnect()
        self.client = None

    def delivered(self, pdu):
        if pdu.command == "alert_notification":
            say(event="alerted", source=pdu.source_addr.decode(), esme=pdu.esme_addr.decode(),
                status=pdu.ms_availability_status)
            return
        id = pdu.receipted_message_id
        say(event="delivered", source=pdu.source_addr.decode(), destination=pdu.destination_addr.decode(),
            esm_class=pdu.esm_class, data_coding=pdu.data_coding,
            text=text_of(pdu.short_message or b"", pdu.data_coding),
            receipted_message_id=id.decode() if id else None, message_state=pdu.message_state)

    def serve(self):
        told = b""
        while True:
            carrier = [self.client._socket] if self.client else []
            readable, _, _ = select.select([0] + carrier, [], [])
            if 0 in readable:
                octets = os.read(0, 65536)
                if not octets:
                    return
                *lines, told = (told + octets).split(b"\n")
                for line in lines:
                    what = json.loads(line)
                    getattr(self, what.pop("do"))(**what)
            elif readable:
                self.client.poll()


say(event="ready")
Esme(int(sys.argv[1])).serve()
