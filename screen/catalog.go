package screen

import (
	"errors"
	"fmt"
	"hash/fnv"
	"sort"
	"strings"
)

// catalog numbers all signals of all checks, so that running them needs no look-ups by name.
type catalog struct {
	checks      []Info
	order       []int          // by the position that the caller gave: position in checks
	signals     []SignalInfo   // of all checks, one after another
	first       []int          // by check: its first signal; one more at the end
	owner       []int          // by signal: its check
	index       map[string]int // by name: signal
	distrusting []int          // the signals that distrust a way of introduction
	ours        int            // checks[:ours] are the engine's to run: the others are Interactive
	print       uint64         // equal for catalogs that number alike
}

// newCatalog sorts checks by stage, keeping the given order within one, and adds the signals that the engine itself reports
// about each check.
func newCatalog(infos []Info) (*catalog, error) {
	c := &catalog{index: map[string]int{}, order: make([]int, len(infos))}
	byStage := make([]int, len(infos))
	for i := range infos {
		byStage[i] = i
	}
	sort.SliceStable(byStage, func(i, j int) bool { return infos[byStage[i]].Stage < infos[byStage[j]].Stage })
	seen := map[string]bool{}
	hash := fnv.New64a()
	for _, given := range byStage {
		info := infos[given]
		if info.Name == "" || seen[info.Name] {
			return nil, fmt.Errorf("screen: two checks are named %q", info.Name)
		}
		seen[info.Name] = true
		c.order[given] = len(c.checks)
		c.checks = append(c.checks, info)
		if info.Stage != Interactive {
			c.ours++
		}
		c.first = append(c.first, len(c.signals))
		for _, s := range withEngineSignals(info) {
			c.owner = append(c.owner, len(c.checks)-1)
			if err := c.add(s); err != nil {
				return nil, fmt.Errorf("screen: check %s: %w", info.Name, err)
			}
			hash.Write([]byte(s.Name + "\n"))
		}
		hash.Write([]byte{0})
	}
	c.first = append(c.first, len(c.signals))
	c.print = hash.Sum64()
	return c, nil
}

func (c *catalog) add(s SignalInfo) error {
	if err := checkName(s.Name); err != nil {
		return err
	}
	if _, twice := c.index[s.Name]; twice {
		return fmt.Errorf("signal %s is already taken", s.Name)
	}
	if (s.Distrusts == "") != (s.Asks == "") {
		return fmt.Errorf("signal %s: a way of introduction that is distrusted needs another, and the other way round", s.Name)
	}
	if s.Distrusts != "" {
		c.distrusting = append(c.distrusting, len(c.signals))
	}
	c.index[s.Name] = len(c.signals)
	c.signals = append(c.signals, s)
	return nil
}

// of returns the signals of one check.
func (c *catalog) of(check int) []SignalInfo {
	return c.signals[c.first[check]:c.first[check+1]:c.first[check+1]]
}

// withEngineSignals adds NAME_TIMEOUT to Lookup checks and NAME_FAILED to all, unless the check has its own.
func withEngineSignals(info Info) []SignalInfo {
	signals := append([]SignalInfo(nil), info.Signals...)
	have := func(name string) bool {
		for i := range signals {
			if signals[i].Name == name {
				return true
			}
		}
		return false
	}
	if name := timeoutSignal(info.Name); info.Stage == Lookup && !have(name) {
		signals = append(signals, SignalInfo{Name: name,
			Description: "The look-up of check " + info.Name + " had no answer in time; without a weight this changes nothing (fail open)."})
	}
	if name := failedSignal(info.Name); !have(name) {
		signals = append(signals, SignalInfo{Name: name,
			Description: "Check " + info.Name + " failed on this attempt: a bug, counted; it changes nothing."})
	}
	return signals
}

func timeoutSignal(check string) string { return upper(check) + "_TIMEOUT" }
func failedSignal(check string) string  { return upper(check) + "_FAILED" }

func upper(name string) string {
	return strings.NewReplacer("-", "_", "/", "_", ".", "_").Replace(strings.ToUpper(name))
}

var errName = errors.New("a name of a signal consists of A-Z, 0-9 and _")

func checkName(name string) error {
	ok := name != "" && name[0] >= 'A' && name[0] <= 'Z'
	for i := 0; i < len(name) && ok; i++ {
		b := name[i]
		ok = b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '_'
	}
	if !ok {
		return fmt.Errorf("%q: %w", name, errName)
	}
	return nil
}

// nearest finds the name that a misspelt one was probably meant to be, or "".
func nearest(name string, among map[string]float64) string {
	best, bestDistance := "", 4
	for candidate := range among {
		d := distance(name, candidate)
		if d < bestDistance || d == bestDistance && candidate < best {
			best, bestDistance = candidate, d
		}
	}
	return best
}

// distance is Levenshtein's.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			substitute := diagonal
			if a[i-1] != b[j-1] {
				substitute++
			}
			diagonal = row[j]
			row[j] = min(row[j]+1, row[j-1]+1, substitute)
		}
	}
	return row[len(b)]
}
