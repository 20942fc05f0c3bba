package txn

// pool recycles the objects of one shard. Being inside the shard it needs no
// lock; it keeps a bounded number of each.
type pool struct {
	servers []*Server
	clients []*Client
	buffers [][]byte
}

const (
	poolObjects   = 4096
	poolBuffers   = 512
	bufferRegular = 1536 // holds nearly every message; larger ones are left to the collector
)

func (p *pool) server() *Server {
	if n := len(p.servers); n > 0 {
		s := p.servers[n-1]
		p.servers = p.servers[:n-1]
		return s
	}
	return new(Server)
}

func (p *pool) putServer(s *Server) {
	*s = Server{}
	if len(p.servers) < poolObjects {
		p.servers = append(p.servers, s)
	}
}

func (p *pool) client() *Client {
	if n := len(p.clients); n > 0 {
		c := p.clients[n-1]
		p.clients = p.clients[:n-1]
		return c
	}
	return new(Client)
}

func (p *pool) putClient(c *Client) {
	*c = Client{}
	if len(p.clients) < poolObjects {
		p.clients = append(p.clients, c)
	}
}

// copyOf returns a buffer of the pool that holds b.
func (p *pool) copyOf(b []byte) []byte {
	return append(p.buffer(len(b)), b...)
}

// buffer returns an empty buffer with room for n bytes.
func (p *pool) buffer(n int) []byte {
	if n > bufferRegular {
		return make([]byte, 0, n)
	}
	if k := len(p.buffers); k > 0 {
		b := p.buffers[k-1]
		p.buffers = p.buffers[:k-1]
		return b[:0]
	}
	return make([]byte, 0, bufferRegular)
}

func (p *pool) putBuffer(b []byte) {
	if cap(b) == bufferRegular && len(p.buffers) < poolBuffers {
		p.buffers = append(p.buffers, b)
	}
}

// Copy returns a copy of b in a buffer of the shard. The owner gives it back by
// Release.
func (sh *Shard) Copy(b []byte) []byte { return sh.pool.copyOf(b) }

// Buffer returns an empty buffer of the shard; see Copy.
func (sh *Shard) Buffer() []byte { return sh.pool.buffer(0) }

// Release gives back a buffer of Copy or Buffer.
func (sh *Shard) Release(b []byte) {
	if b != nil {
		sh.pool.putBuffer(b)
	}
}
