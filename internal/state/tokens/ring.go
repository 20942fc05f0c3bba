package tokens

// example is a lesson that is kept, to be judged again and to be taken back.
type example struct {
	id           uint64
	features     []uint64
	spam         bool
	wide         bool // it teaches everyone
	local        bool // it teaches the user's own layer
	domain, user string
	by           string
	day          uint16
	counted      bool    // it stands in the counts
	judged       bool    // held says something
	held         float32 // the score that it has without its own voice
}

// ring keeps the newest examples, of each kind at least a half.
type ring struct {
	all    []example
	index  map[uint64]int
	most   int
	cursor int
	at     [2]int // where the next one of each kind goes when its half is full
	kind   [2][]int
}

func newRing(most int) ring { return ring{most: most, index: make(map[uint64]int)} }

func (r *ring) find(id uint64) int {
	if i, ok := r.index[id]; ok {
		return i
	}
	return -1
}

// next returns one example after the other, nil where there is none or one was forgotten.
func (r *ring) next() *example {
	if len(r.all) == 0 {
		return nil
	}
	r.cursor = (r.cursor + 1) % len(r.all)
	if e := &r.all[r.cursor]; len(e.features) > 0 {
		return e
	}
	return nil
}

// add keeps an example. Where there is no room it takes the place of the oldest of its kind, or of the other kind where that has more than half.
func (r *ring) add(e example) {
	k := kindOf(e.spam)
	if len(r.all) < r.most {
		r.all = append(r.all, e)
		r.index[e.id] = len(r.all) - 1
		r.kind[k] = append(r.kind[k], len(r.all)-1)
		return
	}
	victims := k
	if len(r.kind[1-k]) > r.most/2 && len(r.kind[k]) < r.most/2 {
		victims = 1 - k
	}
	places := r.kind[victims]
	at := r.at[victims] % len(places)
	i := places[at]
	delete(r.index, r.all[i].id)
	r.all[i] = e
	r.index[e.id] = i
	if victims == k {
		r.at[victims] = at + 1
		return
	}
	places[at] = places[len(places)-1]
	r.kind[victims] = places[:len(places)-1]
	r.kind[k] = append(r.kind[k], i)
}

// remove forgets an example: it stays in its place, empty.
func (r *ring) remove(i int) {
	delete(r.index, r.all[i].id)
	e := &r.all[i]
	*e = example{spam: e.spam}
}

func kindOf(spam bool) int {
	if spam {
		return 1
	}
	return 0
}
