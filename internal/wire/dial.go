package wire

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"

	"gatehouse.example/sip"
)

// runDialled is the life of a connection that we open. Messages wait in its
// queue meanwhile.
func (c *conn) runDialled() {
	defer c.net.wg.Done()
	defer c.end()
	nc, err := c.connect()
	c.net.conns.connected()
	if err != nil {
		c.net.count.dialErrors.Add(1)
		c.kill(err)
		return
	}
	defer nc.Close()
	c.net.count.dialled.Add(1)
	c.local = unmap(nc.LocalAddr().(*net.TCPAddr).AddrPort())
	if c.open(octets{nc}) {
		c.serve(nc)
	}
}

func (c *conn) connect() (net.Conn, error) {
	ctx, cancel := context.WithTimeout(c.net.ctx, c.net.cfg.Limits.HandshakeTime)
	defer cancel()
	d := net.Dialer{KeepAlive: keepAliveTime, Control: giveUp}
	nc, err := d.DialContext(ctx, "tcp", c.flow.Remote.String())
	if err != nil {
		return nil, fmt.Errorf("wire: connect: %w", err)
	}
	if c.flow.Transport != sip.TLS {
		return nc, nil
	}
	t := tls.Client(nc, c.net.clientTLS(c.name, c.flow.Remote.Addr()))
	if err := t.HandshakeContext(ctx); err != nil {
		_ = nc.Close()
		c.net.count.handshakeErrors.Add(1)
		return nil, fmt.Errorf("wire: TLS handshake: %w", err)
	}
	c.peer = &PeerCert{Names: identities(t.ConnectionState().PeerCertificates[0])}
	return t, nil
}
