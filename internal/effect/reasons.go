package effect

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Reasons collects why things went wrong: of each actor, which signals stood in the verdicts of what rang and was not wanted, and of what
// was wanted and was asked or refused.
type Reasons struct {
	counts map[string]int
	totals map[string]int
}

// add notes a verdict as `gatehouse replay` prints it.
func (r *Reasons) add(e *event, l *line, raw []byte) {
	went := ""
	switch {
	case e.out || e.group < 0 || e.status != 0:
		return
	case !e.actor.Wanted() && l.relayed && l.passed:
		went = "rang, having passed"
	case !e.actor.Wanted() && l.relayed:
		went = "rang"
	case e.actor.Wanted() && l.action == 'i':
		went = "asked"
	case e.actor.Wanted() && !l.relayed:
		went = "refused"
	default:
		return
	}
	var v struct {
		Signals map[string]float64 `json:"signals"`
	}
	if json.Unmarshal(raw, &v) != nil {
		return
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(v.Signals)) {
		fmt.Fprintf(&b, " %s(%.0f)", name, v.Signals[name])
	}
	head := fmt.Sprintf("%s, %s, %s", e.actor, went, e.proof)
	if r.counts == nil {
		r.counts, r.totals = map[string]int{}, map[string]int{}
	}
	r.totals[head]++
	r.counts[head+":"+b.String()]++
}

// Write writes the most frequent reasons, most of each kind.
func (r *Reasons) Write(w io.Writer, most int) {
	var heads []string
	for h := range r.totals {
		heads = append(heads, h)
	}
	slices.Sort(heads)
	for _, h := range heads {
		fmt.Fprintf(w, "%7d %s\n", r.totals[h], h)
		var all []string
		for k := range r.counts {
			if strings.HasPrefix(k, h+":") {
				all = append(all, k)
			}
		}
		slices.SortFunc(all, func(a, b string) int {
			if d := r.counts[b] - r.counts[a]; d != 0 {
				return d
			}
			return strings.Compare(a, b)
		})
		for _, k := range all[:min(most, len(all))] {
			fmt.Fprintf(w, "        %7d%s\n", r.counts[k], strings.TrimPrefix(k, h+":"))
		}
	}
}
