package telemetry

import (
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Kind is the kind of a metric.
type Kind uint8

// The kinds of metric.
const (
	Counter Kind = iota
	Gauge
)

// Sample is one value at the time of a scrape.
type Sample struct {
	// Name is the full metric name.
	Name string
	// Help is one sentence.
	Help string
	Kind Kind
	// Labels are names and values in turn.
	Labels []string
	Value  float64
}

// Collect reads values at scrape time and emits them. It may be called by
// several goroutines at once.
type Collect func(emit func(Sample))

// Metrics are the server's metrics.
type Metrics struct {
	registry *prometheus.Registry

	mu      sync.Mutex
	sources []source
	failed  map[string]uint64
}

type source struct {
	name    string
	collect Collect
}

// NewMetrics starts with those of the Go runtime, the process and the build.
func NewMetrics(version string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), failed: map[string]uint64{}}
	m.registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		(*collector)(m),
	)
	m.Add("build", func(emit func(Sample)) {
		emit(Sample{Name: "gatehouse_build_info", Help: "The running version.", Kind: Gauge,
			Labels: []string{"version", version}, Value: 1})
	})
	return m
}

// Gatherer is what /metrics serves.
func (m *Metrics) Gatherer() prometheus.Gatherer { return m.registry }

// Add adds a source of samples. name is for the counter of its failures.
func (m *Metrics) Add(name string, c Collect) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sources = append(m.sources, source{name, c})
}

// AddStats adds the numbers of a Stats struct, read anew by each scrape.
// Field FooBar of subsystem "wire" becomes gatehouse_wire_foo_bar_total, a
// counter, unless its name is in gauges, where the _total is left off. A field
// Octets is a gauge in any case, and called bytes as Prometheus wants it. Nested
// structs add their name; fields that are not numbers are left out.
func (m *Metrics) AddStats(subsystem, help string, read func() any, gauges ...string) {
	m.Add(subsystem, func(emit func(Sample)) {
		emitStruct(emit, "gatehouse_"+subsystem, help, reflect.ValueOf(read()), gauges)
	})
}

func emitStruct(emit func(Sample), prefix, help string, v reflect.Value, gauges []string) {
	v = reflect.Indirect(v)
	if v.Kind() != reflect.Struct {
		return
	}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if !f.IsExported() {
			continue
		}
		name := prefix + "_" + snake(f.Name)
		if f.Type.Kind() == reflect.Struct {
			emitStruct(emit, name, help, v.Field(i), gauges)
			continue
		}
		value, ok := numeric(v.Field(i))
		if !ok {
			continue
		}
		s := Sample{Name: name + "_total", Help: help + " " + f.Name + ".", Kind: Counter, Value: value}
		switch {
		case f.Name == "Octets":
			s.Name, s.Kind = prefix+"_bytes", Gauge
		case slices.Contains(gauges, f.Name):
			s.Name, s.Kind = name, Gauge
		}
		emit(s)
	}
}

func numeric(v reflect.Value) (float64, bool) {
	switch {
	case v.CanInt():
		return float64(v.Int()), true
	case v.CanUint():
		return float64(v.Uint()), true
	case v.CanFloat():
		return v.Float(), true
	}
	return 0, false
}

// snake turns FooBar, UDPReaders and CRLs into foo_bar, udp_readers and crls.
func snake(s string) string {
	runes := []rune(s)
	var b strings.Builder
	for i, r := range runes {
		upper := unicode.IsUpper(r)
		starts := upper && i > 0 && (!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1]) && !plural(runes[i+1:]))
		if starts {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// plural tells the s of "CRLs" from the beginning of a word.
func plural(rest []rune) bool {
	return rest[0] == 's' && (len(rest) == 1 || unicode.IsUpper(rest[1]))
}

// collector gives the samples to Prometheus. It describes nothing ahead, which
// makes it "unchecked": names come to be as stages come to be.
type collector Metrics

// Describe describes nothing.
func (c *collector) Describe(chan<- *prometheus.Desc) {}

// Collect reads all sources.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	c.mu.Lock()
	sources := slices.Clone(c.sources)
	c.mu.Unlock()
	for _, s := range sources {
		if err := run(s, out); err != nil {
			c.mu.Lock()
			c.failed[s.name]++
			c.mu.Unlock()
			slog.Error("metrics source failed", "source", s.name, "error", err)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, n := range c.failed {
		out <- metric(Sample{Name: "gatehouse_metrics_failures_total", Help: "Metrics sources that failed at a scrape.",
			Labels: []string{"source", name}, Value: float64(n)})
	}
}

// run reads one source; a panic there costs its metrics, not the scrape.
func run(s source, out chan<- prometheus.Metric) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("telemetry: %s: %v", s.name, r)
		}
	}()
	s.collect(func(sample Sample) { out <- metric(sample) })
	return nil
}

func metric(s Sample) prometheus.Metric {
	var names, values []string
	for i := 0; i+1 < len(s.Labels); i += 2 {
		names, values = append(names, s.Labels[i]), append(values, strings.ToValidUTF8(s.Labels[i+1], "?"))
	}
	kind := prometheus.CounterValue
	if s.Kind == Gauge {
		kind = prometheus.GaugeValue
	}
	desc := prometheus.NewDesc(s.Name, s.Help, names, nil)
	m, err := prometheus.NewConstMetric(desc, kind, s.Value, values...)
	if err != nil {
		return prometheus.NewInvalidMetric(desc, err)
	}
	return m
}
