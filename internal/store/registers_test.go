package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gatehouse.example/internal/state/register"
)

func TestRegistersAreMappedAndReplacedByRenaming(t *testing.T) {
	data := t.TempDir()
	files := NewRegisters(data)
	r, err := register.New("dno", files)
	if err != nil {
		t.Fatal(err)
	}
	put := func(text string) {
		t.Helper()
		if _, err := r.Import(context.Background(), strings.NewReader(text), register.Options{Memory: 1}); err != nil {
			t.Fatal(err)
		}
	}
	many := strings.Repeat("+15551230001\n+15551230003\n", 3000) // more than there is memory for: a scratch file is used
	put(many)
	if !r.Has("+15551230001") || r.Has("+15551230002") {
		t.Error("the first register is not as it was imported")
	}
	put("+15551230002\n")
	if r.Has("+15551230001") || !r.Has("+15551230002") {
		t.Error("the second register is not as it was imported")
	}
	left, err := os.ReadDir(filepath.Join(data, "registers"))
	if err != nil || len(left) != 1 {
		t.Errorf("left over: %v, %v", left, err)
	}
	if names, err := files.ListRegisters(); err != nil || len(names) != 1 || names[0] != "dno" {
		t.Errorf("%v, %v", names, err)
	}
}

func TestRegisterDamagedOnDiskIsRefused(t *testing.T) {
	data := t.TempDir()
	files := NewRegisters(data)
	r, _ := register.New("dno", files)
	if _, err := r.Import(context.Background(), strings.NewReader("+15551230001\n"), register.Options{}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(data, "registers", "dno.register")
	sound, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]string{"empty": "", "cut": string(sound[:70]), "changed": strings.Replace(string(sound), string(sound[64:66]), "\xAA\x55", 1)} {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Load(); !errors.Is(err, register.ErrDamaged) || !r.Has("+15551230001") {
			t.Errorf("%s: %v", name, err)
		}
		fresh, _ := register.New("dno", files)
		if _, err := fresh.Load(); !errors.Is(err, register.ErrDamaged) || fresh.Has("+15551230001") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if none, err := files.MapRegister("other"); !errors.Is(err, register.ErrNone) {
		t.Errorf("%v, %v", none, err)
	}
}
