package pivot

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// checkFile is a file of n records, every seventh of which breaks a rule.
func checkFile(n int) string {
	var b strings.Builder
	b.WriteString(`{"marches":{"marche":[`)
	for i := range n {
		if i > 0 {
			b.WriteString(",\n")
		}
		months := 12
		if i%7 == 0 {
			months = 0
		}
		fmt.Fprintf(&b, `{"id":"%d","acheteur":{"id":"21350238800019"},"objet":%q,"dureeMois":%d}`, i, strings.Repeat("é", i%300), months)
	}
	b.WriteString(`]}}`)
	return b.String()
}

func TestCheckSaysWhatItemsAndJudgeSay(t *testing.T) {
	files := map[string]string{
		"many records":      checkFile(3000),
		"one record":        checkFile(1),
		"no record":         `{"marches":{"marche":[]}}`,
		"not a pivot file":  `{"a":1}`,
		"breaks off":        checkFile(500)[:20000],
		"a record too deep": `{"marches":[` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `,{"id":"1","acheteur":{"id":"2"}}]}`,
		"large records":     `{"marches":[{"id":"1","acheteur":{"id":"2"},"objet":"` + strings.Repeat("x", 300<<10) + `"},{"id":"2","acheteur":{"id":"2"}}]}`,
		"XML":               `<marches><marche><id>1</id><acheteur><id>2</id></acheteur></marche><marche/></marches>`,
	}
	type said struct {
		Item    string
		Verdict Verdict
		Err     string
	}
	for name, file := range files {
		t.Run(name, func(t *testing.T) {
			var want, got []said
			one := NewReader(strings.NewReader(file), Limits{})
			for item, err := range one.Items() {
				s := said{Item: fmt.Sprintf("%+v", item)}
				switch {
				case err != nil:
					s = said{Err: err.Error()}
				case len(item.Problems) > 0:
					s.Verdict = Verdict{State: Refused, Problems: item.Problems}
				default:
					s.Verdict = Judge(item.Record)
				}
				want = append(want, s)
			}
			two := NewReader(strings.NewReader(file), Limits{})
			for c, err := range two.Check(Checking{}) {
				if err != nil {
					got = append(got, said{Err: err.Error()})
					continue
				}
				got = append(got, said{Item: fmt.Sprintf("%+v", c.Item), Verdict: c.Verdict})
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("Check differs from Items and Judge (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(one.Warnings(), two.Warnings()); diff != "" || one.Layout() != two.Layout() {
				t.Errorf("warnings or layout differ: %s", diff)
			}
		})
	}
}

func TestCheckByOneVersion(t *testing.T) {
	file := `{"marches":{"marche":[{"id":"1","acheteur":{"id":"21350238800019"}}]}}`
	for c, err := range NewReader(strings.NewReader(file), Limits{}).Check(Checking{Schema: V203, Today: time.Now()}) {
		if err != nil || c.Verdict.State != ToCorrect || c.Verdict.Version != V203 || c.Verdict.Problems.Errors() == 0 {
			t.Errorf("got %v, %v", c.Verdict, err)
		}
		if diff := cmp.Diff(JudgeBy(c.Record, V203), c.Verdict.Problems); diff != "" {
			t.Error(diff)
		}
	}
}

func TestCheckEndsWhenNobodyTakesElements(t *testing.T) {
	src := bytes.NewReader([]byte(checkFile(20000)))
	n := 0
	for range NewReader(src, Limits{}).Check(Checking{}) {
		if n++; n == 100 {
			break
		}
	}
	if src.Len() == 0 {
		t.Error("the whole file was read for a hundred elements")
	}
}
