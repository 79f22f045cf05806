package storetest_test

import (
	"errors"
	"testing"

	"maillon/store"
	"maillon/store/storetest"
)

func TestMemory(t *testing.T) {
	storetest.Run(t, func(*testing.T) store.DB { return storetest.Memory() })
}

func TestFailureBothWays(t *testing.T) {
	broken := errors.New("broken")
	for _, happens := range []bool{false, true} {
		m := storetest.Memory()
		m.Fail(func(op string) (bool, error) {
			if op == "update" {
				return happens, broken
			}
			return true, nil
		})
		err := m.Update(func(tx store.Tx) error { return tx.Bucket("a").Put([]byte("k"), []byte("v")) })
		if !errors.Is(err, broken) {
			t.Errorf("update returned %v", err)
		}
		m.Fail(nil)
		_ = m.View(func(tx store.Tx) error {
			if got := tx.Bucket("a").Get([]byte("k")) != nil; got != happens {
				t.Errorf("the update happened: %v, want %v", got, happens)
			}
			return nil
		})
	}
}

func TestCopyGoesItsOwnWay(t *testing.T) {
	m := storetest.Memory()
	put := func(m *storetest.Mem, k string) {
		if err := m.Update(func(tx store.Tx) error { return tx.Bucket("a").Put([]byte(k), nil) }); err != nil {
			t.Fatal(err)
		}
	}
	put(m, "1")
	c := m.Copy()
	put(m, "2")
	put(c, "3")
	for m, absent := range map[*storetest.Mem]string{m: "3", c: "2"} {
		_ = m.View(func(tx store.Tx) error {
			if tx.Bucket("a").Get([]byte("1")) == nil || tx.Bucket("a").Get([]byte(absent)) != nil {
				t.Errorf("the copy without %s holds it, or lost what it had", absent)
			}
			return nil
		})
	}
}
