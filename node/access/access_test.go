package access

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func at(t *time.Time) func() time.Time { return func() time.Time { return *t } }

func TestTokensHoldUntilTheyExpireOrAreRevoked(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	path := filepath.Join(t.TempDir(), FileName)
	b := Open(path, at(&now))
	secret, err := b.Create("logiciel", []Scope{Deposit}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	other := Open(path, at(&now)) // another process
	who, ok := other.Who(secret)
	if !ok || who.Name != "logiciel" || !who.May(Deposit) || who.May(Admin) || who.May(Metrics) {
		t.Fatalf("who = %+v, %v", who, ok)
	}
	raw, err := os.ReadFile(path)
	if err != nil || strings.Contains(string(raw), secret) {
		t.Fatalf("the secret is in the file: %s, %v", raw, err)
	}
	if st, _ := os.Stat(path); st.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", st.Mode())
	}
	now = now.Add(time.Hour)
	if _, ok := other.Who(secret); ok {
		t.Error("an expired token is taken")
	}
	secret, err = b.Create("collecteur", []Scope{Metrics}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := other.Who(secret); !ok {
		t.Error("a token that was just made is not known to the other process")
	}
	if err := b.Revoke("collecteur"); err != nil {
		t.Fatal(err)
	}
	if _, ok := other.Who(secret); ok {
		t.Error("a revoked token is taken")
	}
	if err := b.Revoke("collecteur"); !errors.Is(err, ErrUnknown) {
		t.Errorf("revoked twice: %v", err)
	}
	list, err := other.List()
	if err != nil || len(list) != 1 || list[0].Hash != "" {
		t.Errorf("list %+v, %v", list, err)
	}
}

func TestCreateRefusesWhatMakesNoSense(t *testing.T) {
	b := Open(filepath.Join(t.TempDir(), FileName), time.Now)
	if _, err := b.Create("a", []Scope{Admin}, 0); err != nil {
		t.Fatal(err)
	}
	for name, try := range map[string]func() (string, error){
		"taken":    func() (string, error) { return b.Create("a", []Scope{Admin}, 0) },
		"no name":  func() (string, error) { return b.Create("", []Scope{Admin}, 0) },
		"a line":   func() (string, error) { return b.Create("b\nc", []Scope{Admin}, 0) },
		"no scope": func() (string, error) { return b.Create("b", nil, 0) },
		"unknown":  func() (string, error) { return b.Create("b", []Scope{"root"}, 0) },
		"past":     func() (string, error) { return b.Create("b", []Scope{Admin}, -time.Hour) },
	} {
		if _, err := try(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestTwoProcessesThatCreateAtOnceLoseNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			if _, err := Open(path, time.Now).Create(strings.Repeat("x", i+1), []Scope{Deposit}, 0); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if list, err := Open(path, time.Now).List(); err != nil || len(list) != 8 {
		t.Errorf("%d tokens, want 8 (%v)", len(list), err)
	}
}

func TestAPasswordOpensSessionsUntilItChanges(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	path := filepath.Join(t.TempDir(), FileName)
	b := Open(path, at(&now))
	if _, err := b.Login("whatever it is", time.Hour); !errors.Is(err, ErrNoPassword) {
		t.Errorf("without a password: %v", err)
	}
	if err := b.SetPassword("trop court"); err == nil {
		t.Error("a short password is taken")
	}
	if err := b.SetPassword("quatre mots à retenir"); err != nil {
		t.Fatal(err)
	}
	token, err := b.Login("quatre mots à retenir", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if who, ok := b.Who(token); !ok || !who.May(Admin) {
		t.Errorf("the session's token: %+v, %v", who, ok)
	}
	cli := Open(path, at(&now))
	if err := cli.SetPassword("cinq mots tout à fait autres"); err != nil {
		t.Fatal(err)
	}
	if _, ok := b.Who(token); ok {
		t.Error("the session outlives its password")
	}
	if token, err = b.Login("cinq mots tout à fait autres", time.Hour); err != nil {
		t.Fatal(err)
	}
	now = now.Add(2 * time.Hour)
	if _, ok := b.Who(token); ok {
		t.Error("the session does not end")
	}
}

func TestWrongPasswordsAreLimited(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	b := Open(filepath.Join(t.TempDir(), FileName), at(&now))
	if err := b.SetPassword("quatre mots à retenir"); err != nil {
		t.Fatal(err)
	}
	for range mostTries {
		if _, err := b.Login("something else", time.Hour); !errors.Is(err, ErrWrong) {
			t.Fatal(err)
		}
	}
	if _, err := b.Login("quatre mots à retenir", time.Hour); !errors.Is(err, ErrTooMany) {
		t.Errorf("after %d wrong ones: %v", mostTries, err)
	}
	now = now.Add(tryAgain)
	if _, err := b.Login("quatre mots à retenir", time.Hour); err != nil {
		t.Errorf("after a while: %v", err)
	}
}

func TestADamagedFileLetsNobodyIn(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	b := Open(path, time.Now)
	secret, err := b.Create("a", []Scope{Admin}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, ok := b.Who(secret); ok {
		t.Error("a damaged file lets in")
	}
	if _, err := b.List(); err == nil || !strings.Contains(err.Error(), "backup") {
		t.Errorf("what it says: %v", err)
	}
}

func FuzzMatches(f *testing.F) {
	f.Add("$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "x")
	f.Add("$argon2id$v=19$m=4294967295,t=0,p=0$$", "")
	f.Fuzz(func(t *testing.T, hash, password string) {
		if len(hash) < 300 && strings.Count(hash, "$") < 10 && matches(hash, password) && password == "" {
			t.Log("the empty password has a hash") // allowed: only SetPassword forbids it
		}
	})
}
