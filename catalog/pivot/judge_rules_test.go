package pivot

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"maillon/catalog/texts"
)

func TestEveryRuleIsToldInBothLanguages(t *testing.T) {
	for _, rule := range Rules() {
		for _, part := range []string{".text", ".hint", ".source", ".explain"} {
			if key := "rule." + rule.ID + part; !texts.Has(key) {
				t.Errorf("catalog/texts has no %s", key)
			}
		}
	}
	for _, layout := range []string{string(Flat), string(Nested), string(XML), layoutArray, layoutRecord, layoutCSV, layoutXLSX} {
		if !texts.Has("form." + layout) {
			t.Errorf("catalog/texts has no form.%s", layout)
		}
	}
}

// The constants are the only place where ids stand; Rules must list them all.
func TestEveryRuleIsListedOnce(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "judge_rules.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, rule := range Rules() {
		if slices.Contains(listed, rule.ID) {
			t.Errorf("%s is listed twice", rule.ID)
		}
		listed = append(listed, rule.ID)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, "rule") {
			return true
		}
		id, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil || !slices.Contains(listed, id) {
			t.Errorf("%s (%s) is not listed", spec.Names[0].Name, id)
		}
		return true
	})
}

func TestCalendarDaysAreThoseOfTheStandardLibrary(t *testing.T) {
	for _, year := range []int{0, 1, 1600, 1900, 2000, 2023, 2024, 2100, 9999} {
		for month := range 14 {
			for day := range 33 {
				s := fmt.Sprintf("%04d-%02d-%02d", year, month, day)
				_, err := time.Parse(time.DateOnly, s)
				if got := judgeIsCalendarDay([]byte(s)); got != (err == nil) {
					t.Errorf("%s: %v, want %v", s, got, err == nil)
				}
			}
		}
	}
}
