package tokens

// mostCounted bounds how many domains, users and accounts are counted. Who comes later shares the place of the empty name.
const mostCounted = 1 << 16

// lessons are how many of each kind.
type lessons struct{ spam, ham int }

func (l lessons) total() int { return l.spam + l.ham }

func (l *lessons) add(spam bool, n int) {
	if spam {
		l.spam = max(0, l.spam+n)
	} else {
		l.ham = max(0, l.ham+n)
	}
}

func (l *lessons) halve() { l.spam, l.ham = l.spam/2, l.ham/2 }

// counter counts lessons by name.
type counter struct {
	by  map[string]lessons
	sum int
}

func newCounter() counter { return counter{by: make(map[string]lessons)} }

func (c *counter) of(name string) lessons { return c.by[name] }

func (c *counter) len() int { return len(c.by) }

func (c *counter) add(name string, spam bool, n int) {
	l, ok := c.by[name]
	if !ok && len(c.by) >= mostCounted {
		name = ""
		l = c.by[name]
	}
	before := l.total()
	l.add(spam, n)
	c.sum += l.total() - before
	if l.total() == 0 {
		delete(c.by, name)
		return
	}
	c.by[name] = l
}

// halve halves all counts. What becomes none of both is forgotten.
func (c *counter) halve() {
	c.sum = 0
	for name, l := range c.by {
		if l.halve(); l.total() == 0 {
			delete(c.by, name)
			continue
		}
		c.by[name] = l
		c.sum += l.total()
	}
}
