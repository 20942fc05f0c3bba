package proxy

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
)

// cmac is AES-CMAC (RFC 4493). Our texts are short, and for these it takes a
// quarter of the time of HMAC-SHA-256, several times per call.
type cmac struct {
	block  cipher.Block
	k1, k2 [aes.BlockSize]byte
	x, m   [aes.BlockSize]byte
	n      int // octets in m; a full one waits, since the last block is special
}

// newCMAC derives the key from a secret of any length.
func newCMAC(secret []byte) *cmac {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte("gatehouse record-route"))
	return newCMACKey([16]byte(h.Sum(nil)[:16]))
}

func newCMACKey(key [16]byte) *cmac {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil // never: the key has the right length
	}
	c := &cmac{block: block}
	block.Encrypt(c.k1[:], c.k1[:])
	double(&c.k1)
	c.k2 = c.k1
	double(&c.k2)
	return c
}

// double multiplies by x in GF(2^128) (RFC 4493 §2.3).
func double(k *[aes.BlockSize]byte) {
	carry := k[0] >> 7
	for i := range k {
		k[i] <<= 1
		if i+1 < len(k) {
			k[i] |= k[i+1] >> 7
		}
	}
	k[len(k)-1] ^= carry * 0x87
}

func (c *cmac) reset() { c.x, c.n = [aes.BlockSize]byte{}, 0 }

func (c *cmac) write(b []byte) {
	for len(b) > 0 {
		if c.n == len(c.m) {
			c.absorb()
		}
		n := copy(c.m[c.n:], b)
		c.n += n
		b = b[n:]
	}
}

// text writes b with its length before it, so that no part can be moved into
// another.
func (c *cmac) text(b []byte) {
	c.octet(byte(len(b) >> 8))
	c.octet(byte(len(b)))
	c.write(b)
}

func (c *cmac) octet(b byte) {
	if c.n == len(c.m) {
		c.absorb()
	}
	c.m[c.n] = b
	c.n++
}

func (c *cmac) absorb() {
	subtle.XORBytes(c.x[:], c.x[:], c.m[:])
	c.block.Encrypt(c.x[:], c.x[:])
	c.n = 0
}

// sum returns the value, borrowed until the next use (RFC 4493 §2.4).
func (c *cmac) sum() []byte {
	last := &c.k1
	if c.n < len(c.m) {
		last = &c.k2
		c.m[c.n] = 0x80
		clear(c.m[c.n+1:])
	}
	subtle.XORBytes(c.m[:], c.m[:], last[:])
	c.absorb()
	return c.x[:]
}
