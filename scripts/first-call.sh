#!/bin/sh
# Says what to type to see a first call screened.
cat <<'TXT'

  To see a first call screened, in a second terminal:

    bin/gatehouse list add +15551230001
    bin/gatehouse screen --json <<'SIP'
INVITE sip:bob@localhost SIP/2.0
Via: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKfirst
From: "Bank" <sip:+15551230001@carrier.test>;tag=1
To: <sip:bob@localhost>
Call-ID: first@192.0.2.7
CSeq: 1 INVITE
Max-Forwards: 70
Content-Length: 0

SIP

  A phone: bin/gatehouse user add bob@localhost, then register it at
  127.0.0.1:5060. What happened: bin/gatehouse attempts.

TXT
