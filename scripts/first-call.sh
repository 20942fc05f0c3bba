#!/bin/sh
# Says what to type to see a first call screened. A test types it.
cat <<'TXT'

  To see a first call screened, in a second terminal, in this folder:

    bin/gatehouse list add +15551230001 --note "claims to be a bank"
    bin/gatehouse screen <<'SIP'
INVITE sip:bob@localhost SIP/2.0
Via: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKfirst
From: "Bank" <sip:+15551230001@carrier.test>;tag=1
To: <sip:bob@localhost>
Call-ID: first@192.0.2.7
CSeq: 1 INVITE
Max-Forwards: 70
Content-Length: 0

SIP

  It answers what would be done with this call, and why. Nothing is sent: the
  mode is monitor, so a real one would be relayed and the reasons recorded.

  Real calls need two phones:

    bin/gatehouse user add bob@localhost      (asks for a password; and alice)

  Register them at 127.0.0.1:5060 as bob and alice, domain localhost, let one
  call the other, and read what came, what was done, and why:

    bin/gatehouse attempts

  Whoever dials five names that nobody has, from where nobody is registered, is
  taken for a scanner and not heard for a minute: bin/gatehouse ban show

TXT
