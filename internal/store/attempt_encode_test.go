package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"

	"gatehouse.example/internal/state/history"
	"gatehouse.example/verdict"
)

func encode(entries ...entry) []byte {
	var e encoder
	e.start()
	for _, entry := range entries {
		e.add(entry.id, entry.verdict)
	}
	return e.finish()
}

// decode returns what can be read of a blob.
func decode(blob []byte) (all []entry, err error) {
	d, err := newDecoder(blob)
	if err != nil {
		return nil, err
	}
	for d.next() {
		v := d.v.Clone()
		all = append(all, entry{v.ID, v})
	}
	return all, d.err()
}

func entriesOf(all []verdict.Verdict) (entries []entry) {
	for i := range all {
		entries = append(entries, entry{all[i].ID, &all[i]})
	}
	return entries
}

func TestWhatIsAsBeforeTakesAnOctet(t *testing.T) {
	one, hundred := encode(entriesOf(relayed(1))...), encode(entriesOf(relayed(100))...)
	if each := (len(hundred) - len(one)) / 99; len(one) < 200 || each > 60 {
		t.Errorf("the first takes %d octets, each further one %d", len(one), each)
	}
}

func TestManySignalsComeBack(t *testing.T) {
	all := relayed(3)
	for i := range 3 * placedSignals {
		evidence := time.Duration(i).String()
		all[1].Signals = append(all[1].Signals, verdict.Signal{Name: "RATE_CALLS", Strength: 0.1 * float64(i), Evidence: evidence})
	}
	all[2].Signals = nil
	got, err := decode(encode(entriesOf(all)...))
	if err != nil || len(got) != 3 {
		t.Fatalf("%d, %v", len(got), err)
	}
	for i, s := range all[1].Signals {
		if got[1].verdict.Signals[i] != s {
			t.Errorf("signal %d: %+v, want %+v", i, got[1].verdict.Signals[i], s)
		}
	}
	if n := len(got[2].verdict.Signals); n != 0 || got[2].verdict.Signals == nil {
		t.Errorf("%d signals, want an empty list", n)
	}
}

func TestEachChangedOctetIsFound(t *testing.T) {
	blob := encode(entriesOf(relayed(3))...)
	for i := range blob {
		blob[i] ^= 0x10
		if _, err := decode(blob); !errors.Is(err, errDamaged) {
			t.Errorf("octet %d of %d: %v", i, len(blob), err)
		}
		blob[i] ^= 0x10
	}
	for n := range blob {
		if _, err := decode(blob[:n]); !errors.Is(err, errDamaged) {
			t.Errorf("the first %d octets of %d: %v", n, len(blob), err)
		}
	}
}

// TestIDsThatShareMoreThanIsLeft: what an id shares with the one before has nothing to do with how short the attempt is. Found by FuzzSegment.
func TestIDsThatShareMoreThanIsLeft(t *testing.T) {
	long := strings.Repeat("A", 300)
	entries, err := decode(encode(entriesOf([]verdict.Verdict{{ID: long + "1"}, {ID: long + "2"}})...))
	if err != nil || len(entries) != 2 {
		t.Errorf("%d of 2 attempts come back, %v", len(entries), err)
	}
}

// FuzzSegment reads what never was written but has the right checksum. What can be read of it is written and read without loss.
func FuzzSegment(f *testing.F) {
	for _, blob := range [][]byte{encode(), encode(entriesOf(relayed(3))...)} {
		f.Add(blob[1 : len(blob)-checksumBytes])
	}
	f.Fuzz(func(t *testing.T, rows []byte) {
		blob := append([]byte{formatVersion}, rows...)
		entries, _ := decode(binary.LittleEndian.AppendUint32(blob, checksum(blob)))
		if len(entries) > len(rows) {
			t.Fatalf("%d attempts in %d octets", len(entries), len(rows))
		}
		once := encode(entries...)
		again, err := decode(once)
		if err != nil || len(again) != len(entries) {
			t.Fatalf("%d of %d attempts come back, %v", len(again), len(entries), err)
		}
		if twice := encode(again...); !bytes.Equal(once, twice) {
			t.Fatalf("written once:\n%x\ntwice:\n%x", once, twice)
		}
		for _, e := range again {
			mend(e.verdict)
		}
	})
}

// TestABatchAllocatesLittle: building a segment takes no memory of its own, as soon as there has been one of its size.
func TestABatchAllocatesLittle(t *testing.T) {
	var b builder
	entries := entriesOf(relayed(segmentRows))
	b.build(entries, segmentRows)
	if n := testing.AllocsPerRun(10, func() { b.build(entries, segmentRows) }); n > 0 {
		t.Errorf("%v allocations for a segment of %d", n, segmentRows)
	}
}

func TestFiltersHoldWhatTheyAreGiven(t *testing.T) {
	var given []uint64
	for i := range 1000 {
		given = append(given, spread(uint64(i)))
	}
	f := filter(nil).build(given, keyBits, keyHashes)
	for _, h := range given {
		if !f.mayHold([]uint64{h}, keyHashes) {
			t.Fatalf("%x is lost", h)
		}
	}
	inVain := 0
	for i := range 100_000 {
		if f.mayHold([]uint64{spread(uint64(1e6 + i))}, keyHashes) {
			inVain++
		}
	}
	if inVain > 800 {
		t.Errorf("%d of 100,000 are found in vain", inVain)
	}
	if !filter(nil).mayHold(given, keyHashes) {
		t.Error("the empty filter is to hold everything")
	}
}

func TestASegmentHasAttemptsOfOneHour(t *testing.T) {
	var ids history.IDs
	var all []verdict.Verdict
	for i := range 200 {
		all = append(all, attempt(&ids, noon.Add(time.Duration(i)*time.Minute), "+15551230001"))
	}
	var b builder
	for rest, n := entriesOf(all), 0; len(rest) > 0; n++ {
		s, left := b.build(rest, segmentRows)
		if first, last := rest[0].verdict.Time, rest[s.count-1].verdict.Time; !first.Truncate(time.Hour).Equal(last.Truncate(time.Hour)) {
			t.Errorf("segment %d is from %v to %v", n, first, last)
		}
		rest = left
	}
	if floorHour(-1) != -1 || floorHour(0) != 0 || floorHour(-3600e6) != -1 || floorHour(-3600e6-1) != -2 || floorHour(3600e6) != 1 {
		t.Error("hours before 1970 are wrong")
	}
}

func TestFatAttemptsMakeSmallerSegments(t *testing.T) {
	all := relayed(100)
	fat := string(bytes.Repeat([]byte("x"), fieldLimit-10))
	for i := range all {
		for j := range 20 {
			all[i].Signals = append(all[i].Signals, verdict.Signal{Name: fat, Evidence: fat + time.Duration(i*20+j).String()})
		}
	}
	var b builder
	s, rest := b.build(entriesOf(all), segmentRows)
	if len(rest) == 0 || len(s.rows) > segmentBytes+50*fieldLimit {
		t.Errorf("%d attempts in %d octets", s.count, len(s.rows))
	}
}
