package tokens

// ways is how many places a feature can be kept at.
const ways = 8

// entry is what is known about one feature of one layer.
type entry struct {
	spam, ham uint16 // messages with it
	day       uint16 // of the last lesson
}

// table is a hash table of fixed size. A feature stands in one of eight places; where all are taken, the least useful one makes room.
type table struct {
	keys    []uint64
	entries []entry
	used    int
	evicted uint64
}

func newTable(entries int) *table {
	n := (entries + ways - 1) / ways * ways
	return &table{keys: make([]uint64, n), entries: make([]entry, n)}
}

// base is the first place of a key.
func (t *table) base(key uint64) int { return int(key>>2%uint64(len(t.keys)/ways)) * ways }

// find returns what is known about a key, or nil.
func (t *table) find(key uint64) *entry {
	key |= 1 // 0 is an empty place
	at := t.base(key)
	for i, k := range t.keys[at : at+ways] {
		if k == key {
			return &t.entries[at+i]
		}
	}
	return nil
}

// put returns the entry of a key, a new one where there was none.
func (t *table) put(key uint64, day uint16) *entry {
	key |= 1
	at := t.base(key)
	least := at
	for i := at; i < at+ways; i++ {
		switch t.keys[i] {
		case key:
			t.entries[i].day = day
			return &t.entries[i]
		case 0:
			t.keys[i], t.entries[i] = key, entry{day: day}
			t.used++
			return &t.entries[i]
		}
		if t.entries[i].worth(day) < t.entries[least].worth(day) {
			least = i
		}
	}
	t.evicted++
	t.keys[least], t.entries[least] = key, entry{day: day}
	return &t.entries[least]
}

// worth says what would be lost: how often it was seen, less the older the last time is.
func (e *entry) worth(day uint16) int {
	age := int(day - e.day)
	if age > 1<<15 {
		age = 0
	}
	return 16*min(int(e.spam)+int(e.ham), 64) - age
}

// count adds one to a count and halves both before it would overflow.
func (e *entry) count(spam bool, by int) {
	c := &e.ham
	if spam {
		c = &e.spam
	}
	if by < 0 {
		*c -= min(*c, uint16(-by))
		return
	}
	if *c > 1<<15 {
		e.spam, e.ham = e.spam/2, e.ham/2
	}
	*c += uint16(by)
}

// keyOf names a layer.
func keyOf(kind, name string) uint64 {
	h := uint64(14695981039346656037)
	for i := 0; i < len(kind); i++ {
		h = (h ^ uint64(kind[i])) * 1099511628211
	}
	h *= 1099511628211
	for i := 0; i < len(name); i++ {
		h = (h ^ uint64(name[i])) * 1099511628211
	}
	return mix(h)
}

// mix is the finaliser of MurmurHash3.
func mix(h uint64) uint64 {
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// halve halves all counts. What becomes none of both is forgotten.
func (t *table) halve() {
	for i := range t.entries {
		e := &t.entries[i]
		if e.spam, e.ham = e.spam/2, e.ham/2; t.keys[i] != 0 && e.spam+e.ham == 0 {
			t.keys[i] = 0
			t.used--
		}
	}
}
