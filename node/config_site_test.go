package node

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheSiteSaysWhatIsWrongAndWhatToWrite(t *testing.T) {
	page := filepath.Join(t.TempDir(), "logo.svg")
	if err := os.WriteFile(page, []byte("<html>"), 0o600); err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		`colour: "#ffd200"`:                                             "is the nearest shade",
		`colour: red`:                                                   "write six digits",
		`colour_dark: "#9cc0ff"`:                                        "site.colour is empty",
		`logo: ` + page:                                                 "no PNG, JPEG, WebP or SVG",
		`logo: /nowhere/logo.png`:                                       "site.logo",
		`embed_on: ["https://x.fr; script-src *"]`:                      "is no site",
		`embed_on: ["https://x.fr/page"]`:                               "is no site",
		`log_days: many`:                                                "write 30",
		`accessibility: {percent: 72}`:                                  "audited is empty",
		`accessibility: {audited: 2026-01-31}`:                          "write 72",
		`accessibility: {audited: 2026-01-31, percent: 72}`:             "auditor is empty",
		`accessibility: {audited: 31/01/2026, percent: 72, auditor: A}`: "write 2026-01-31",
		`accessibility: {audited: 2026-01-31, percent: 72, auditor: A, report: "javascript:x"}`: "write https://",
	} {
		_, err := ReadConfig(strings.NewReader(minimal+"site: {"+in+"}\n"), noEnv)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", in, err, want)
		}
	}
}

func TestTheSiteIsRead(t *testing.T) {
	c, err := ReadConfig(strings.NewReader(minimal+`site: {colour: "#7A1F5C", embed_on: ["https://www.exemple.fr/", "https://b.fr"], log_days: 30, accessibility: {audited: 2026-01-31, percent: 72 %, auditor: A}}`), noEnv)
	if err != nil || c.Site.Theme.Colour != "#7a1f5c" || c.Site.Frames != "https://www.exemple.fr https://b.fr" || c.Site.Legal.LogDays != 30 || c.Site.Legal.Access.Percent != 72 {
		t.Errorf("%+v, %v", c.Site, err)
	}
	if c, err = ReadConfig(strings.NewReader(minimal+"site: {embed_on: [none]}\n"), noEnv); err != nil || c.Site.Frames != "'none'" {
		t.Errorf("%+v, %v", c.Site, err)
	}
}
