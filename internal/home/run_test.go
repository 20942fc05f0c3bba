package home

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gatehouse.example/internal/state/binding"
	"gatehouse.example/sip"
)

// disk is a binding.Storage; while it is full nothing can be written.
type disk struct {
	mu       sync.Mutex
	full     error
	bindings map[string]binding.Binding
	writes   int
}

func (d *disk) LoadBindings(context.Context) ([]binding.Binding, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Collect(maps.Values(d.bindings)), d.full
}

func (d *disk) PutBinding(_ context.Context, b binding.Binding) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.writes++; d.full == nil {
		d.bindings[b.AoR+" "+b.Contact] = b
	}
	return d.full
}

func (d *disk) DeleteBinding(_ context.Context, aor, contact string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.writes++; d.full == nil {
		delete(d.bindings, aor+" "+contact)
	}
	return d.full
}

func (d *disk) fill(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.full = err
}

func (d *disk) stored() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Sorted(maps.Keys(d.bindings))
}

// pass lets virtual time go by and everybody finish.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// inMemory counts users and bindings, expired ones too.
func inMemory(r *Registrar) (users, bindings int) {
	for i := range r.shards {
		s := &r.shards[i]
		s.mu.RLock()
		for _, entries := range s.users {
			users++
			bindings += len(entries)
		}
		s.mu.RUnlock()
	}
	return users, bindings
}

// serve runs a registrar on a disk inside a bubble and returns how to stop it.
func serve(t *testing.T, d *disk) (*Registrar, func() error) {
	t.Helper()
	r := newRegistrar(func(c *RegistrarConfig) { c.Storage = d })
	if err := r.Load(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	return r, func() error {
		cancel()
		return <-done
	}
}

func register(t *testing.T, r *Registrar, from Source, headers ...string) {
	t.Helper()
	if got := r.Register(message(t, "REGISTER sip:example.test", headers...), from, alice, time.Now()); got.Status != 200 {
		t.Fatal(got.Status, got.Reason)
	}
}

func TestRegistrationsSurviveARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{bindings: map[string]binding.Binding{}}
		r, stop := serve(t, d)
		register(t, r, overUDP, "Call-ID: udp", "Contact: <sip:a@10.0.0.7>;q=0.5;+sip.instance=\"<urn:uuid:1>\"", "User-Agent: Desk", "Supported: path", "Path: <sip:p.test;lr>")
		register(t, r, overConn(sip.WS, 7), "Call-ID: web", "Contact: <sip:w@x.invalid>")
		register(t, r, overConn(sip.TCP, 8), "Call-ID: tcp", "Contact: <sip:t@198.51.100.7;transport=tcp>")
		before := r.Contacts(alice, time.Now())
		pass(gather)
		if got := d.stored(); len(got) != 3 {
			t.Fatalf("stored after %v: %q", gather, got)
		}
		if err := stop(); err != nil {
			t.Fatal(err)
		}

		r, stop = serve(t, d)
		after := r.Contacts(alice, time.Now())
		if len(after) != 2 {
			t.Fatalf("after the restart: %+v", after)
		}
		for _, c := range after {
			i := slices.IndexFunc(before, func(b Contact) bool { return b.URI == c.URI })
			if b := before[i]; b.Q != c.Q || b.Target != c.Target || !b.Expires.Equal(c.Expires) || b.Instance != c.Instance || !slices.Equal(b.Path, c.Path) || b.CallID != c.CallID || b.UserAgent != c.UserAgent {
				t.Errorf("before %+v\nafter  %+v", b, c)
			}
			if c.Source.Known() != (c.CallID == "udp") {
				t.Errorf("flow of %s: %v", c.CallID, c.Source)
			}
		}
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		if got := d.stored(); len(got) != 2 {
			t.Errorf("what cannot be reached is still stored: %q", got)
		}
	})
}

func TestStoppingWritesWhatIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{bindings: map[string]binding.Binding{}}
		r, stop := serve(t, d)
		register(t, r, overUDP, "Contact: <sip:a@h>")
		if err := stop(); err != nil || len(d.stored()) != 1 {
			t.Errorf("%v, stored %q", err, d.stored())
		}
	})
}

func TestFullDiskDelaysNobodyAndIsCaughtUpWith(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{bindings: map[string]binding.Binding{}}
		r, stop := serve(t, d)
		d.fill(errors.New("no space left on device"))
		for i := range 50 {
			register(t, r, overUDP, "Contact: <sip:a@h>", fmt.Sprintf("CSeq: %d REGISTER", i+1))
		}
		pass(10 * time.Second)
		if s := r.Journal(); s.Pending != 1 || s.LastErr == nil || s.Lost != 0 {
			t.Errorf("while the disk is full: %+v", s)
		}
		if d.writes > 6 { // at 0.2, 1.2, 3.2 and 7.2 s
			t.Errorf("%d attempts in 10 s", d.writes)
		}
		register(t, r, overUDP, "Contact: <sip:a@h>;expires=0, <sip:b@h>", "CSeq: 60 REGISTER")
		d.fill(nil)
		pass(retryLast)
		if s, got := r.Journal(), d.stored(); s.Pending != 0 || s.LastErr != nil || !slices.Equal(got, []string{alice + " sip:b@h"}) {
			t.Errorf("afterwards: %+v, stored %q", s, got)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestExpiredBindingsAreSweptEverywhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{bindings: map[string]binding.Binding{}}
		r, stop := serve(t, d)
		register(t, r, overUDP, "Contact: <sip:short@h>;expires=60, <sip:long@h>;expires=600")
		pass(time.Minute)
		if c := r.Contacts(alice, time.Now()); len(c) != 1 || c[0].URI != "sip:long@h" {
			t.Errorf("at the very moment: %+v", c)
		}
		pass(time.Duration(len(r.shards)+1) * sweepEvery)
		if _, n := inMemory(r); n != 1 || len(d.stored()) != 1 {
			t.Errorf("%d in memory, stored %q", n, d.stored())
		}
		pass(10 * time.Minute)
		if users, n := inMemory(r); users+n != 0 || len(d.stored()) != 0 {
			t.Errorf("%d users, %d bindings in memory, stored %q", users, n, d.stored())
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestLoadReportsAStorageThatFails(t *testing.T) {
	broken := errors.New("broken")
	r := newRegistrar(func(c *RegistrarConfig) { c.Storage = &disk{full: broken} })
	if err := r.Load(t.Context(), noon); !errors.Is(err, broken) {
		t.Error(err)
	}
	if err := newRegistrar(nil).Load(t.Context(), noon); err != nil {
		t.Error(err)
	}
}

func TestStoredNonsenseIsDropped(t *testing.T) {
	d := &disk{bindings: map[string]binding.Binding{}}
	good := binding.Binding{AoR: alice, Contact: "sip:a@h", Expires: noon.Add(time.Hour), Received: overUDP.String()}
	for i, change := range []func(*binding.Binding){
		func(*binding.Binding) {},
		func(b *binding.Binding) { b.Expires = noon },
		func(b *binding.Binding) { b.Contact = "nonsense" },
		func(b *binding.Binding) { b.Contact = "sip:a@example.test" },
		func(b *binding.Binding) { b.Received = "nonsense" },
		func(b *binding.Binding) { b.Received = overConn(sip.TLS, 1).String() },
	} {
		b := good
		change(&b)
		d.bindings[fmt.Sprint(i)] = b
	}
	r := newRegistrar(func(c *RegistrarConfig) { c.Storage = d })
	if err := r.Load(t.Context(), noon); err != nil {
		t.Fatal(err)
	}
	if got := r.Contacts(alice, noon); len(got) != 1 || got[0].Source != overUDP {
		t.Errorf("%+v", got)
	}
}

func TestManyPhonesAtOnce(t *testing.T) {
	r := newRegistrar(func(c *RegistrarConfig) { c.Storage = &disk{bindings: map[string]binding.Binding{}} })
	ctx, cancel := context.WithCancel(context.Background())
	var wg, running sync.WaitGroup
	running.Go(func() {
		if err := r.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	for i := range 4 {
		m := message(t, "REGISTER sip:example.test", fmt.Sprintf("To: <sip:u%d@example.test>", i%2), fmt.Sprintf("Call-ID: %d", i), fmt.Sprintf("Contact: <sip:%d@h>", i))
		gone := message(t, "REGISTER sip:example.test", fmt.Sprintf("To: <sip:u%d@example.test>", i%2), fmt.Sprintf("Call-ID: x%d", i), fmt.Sprintf("Contact: <sip:%d@h>;expires=0", i))
		user := fmt.Sprintf("sip:u%d@example.test", i%2)
		wg.Go(func() {
			for range 200 {
				for _, m := range []*sip.Message{m, gone} {
					if got := r.Register(m, overConn(sip.TCP, uint64(i+1)), user, time.Now()); got.Status != 200 {
						t.Error(got.Status, got.Reason)
					}
					r.Contacts(user, time.Now())
				}
				r.FlowClosed(uint64(i+1), time.Now())
			}
		})
	}
	wg.Wait()
	cancel()
	running.Wait()
	if r.Registered("sip:u0@example.test", time.Now()) || r.Journal().Pending != 0 {
		t.Error("something is left")
	}
}
