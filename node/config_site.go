package node

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"maillon/node/web"
)

// SiteConfig is how the pages look and what the law asks them to say.
type SiteConfig struct {
	Theme  web.Theme
	Legal  web.Legal
	Frames string // who may show a page with ?embed=1 in a frame; "" for everyone
}

// rawSite is the section site of the file.
type rawSite struct {
	Colour   string    `yaml:"colour"`
	Night    string    `yaml:"colour_dark"`
	Logo     string    `yaml:"logo"`
	EmbedOn  []string  `yaml:"embed_on"`
	Director string    `yaml:"director"`
	Address  string    `yaml:"postal_address"`
	Phone    string    `yaml:"phone"`
	Host     string    `yaml:"host"`
	DPO      string    `yaml:"dpo"`
	LogDays  string    `yaml:"log_days"`
	Access   rawAccess `yaml:"accessibility"`
}

type rawAccess struct {
	Percent  string   `yaml:"percent"`
	On       string   `yaml:"audited"`
	By       string   `yaml:"auditor"`
	Report   string   `yaml:"report"`
	Plan     string   `yaml:"plan"`
	Failings []string `yaml:"failings"`
}

// mostLogo bounds the file of the logo, in bytes: it is on every page.
const mostLogo = 128 << 10

func (raw rawSite) check() (c SiteConfig, err error) {
	c.Theme = web.Theme{Colour: strings.ToLower(raw.Colour), Night: strings.ToLower(raw.Night)}
	for _, colour := range []struct {
		key, value string
		night      bool
	}{{"site.colour", c.Theme.Colour, false}, {"site.colour_dark", c.Theme.Night, true}} {
		if colour.value == "" {
			continue
		}
		if err := web.CheckColour(colour.value, colour.night); err != nil {
			return c, fmt.Errorf("%s: %w", colour.key, err)
		}
	}
	if c.Theme.Night != "" && c.Theme.Colour == "" {
		return c, errors.New("site.colour is empty: write it beside site.colour_dark")
	}
	if raw.Logo != "" {
		if c.Theme.Logo, c.Theme.LogoType, err = readLogo(raw.Logo); err != nil {
			return c, fmt.Errorf("site.logo: %w", err)
		}
	}
	if c.Frames, err = framesOf(raw.EmbedOn); err != nil {
		return c, fmt.Errorf("site.embed_on: %w", err)
	}
	c.Legal = web.Legal{Director: raw.Director, Address: raw.Address, Phone: raw.Phone, Host: raw.Host, DPO: raw.DPO}
	if raw.LogDays != "" {
		if c.Legal.LogDays, err = strconv.Atoi(raw.LogDays); err != nil || c.Legal.LogDays < 1 || c.Legal.LogDays > 3660 {
			return c, fmt.Errorf("site.log_days: %q is no number of days (write 30)", raw.LogDays)
		}
	}
	if c.Legal.Access, err = raw.Access.check(); err != nil {
		return c, fmt.Errorf("site.accessibility.%w", err)
	}
	return c, nil
}

func readLogo(path string) (picture []byte, media string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, "", err
	}
	if !info.Mode().IsRegular() || info.Size() > mostLogo {
		return nil, "", fmt.Errorf("%s is larger than %d KiB, or no file: every page carries it", path, mostLogo>>10)
	}
	if picture, err = os.ReadFile(path); err != nil {
		return nil, "", err
	}
	if media = web.LogoType(picture); media == "" {
		return nil, "", fmt.Errorf("%s is no PNG, JPEG, WebP or SVG", path)
	}
	return picture, media, nil
}

// framesOf writes the sites that may embed as a policy has them.
func framesOf(sites []string) (string, error) {
	var list []string
	for _, s := range sites {
		if s == "none" && len(sites) == 1 {
			return "'none'", nil
		}
		u, err := url.Parse(s)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || strings.ContainsAny(s, " ;,'\"\r\n") || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
			return "", fmt.Errorf("%q is no site (write https://www.exemple.fr, or none)", s)
		}
		list = append(list, u.Scheme+"://"+u.Host)
	}
	return strings.Join(list, " "), nil
}

// check wants all that a declaration must say once there was an audit.
func (raw rawAccess) check() (a web.Access, err error) {
	if raw.On == "" {
		if raw.Percent != "" || raw.By != "" {
			return a, errors.New("audited is empty: write the day of the audit, 2026-01-31")
		}
		return a, nil
	}
	if a.On, err = time.Parse(time.DateOnly, raw.On); err != nil {
		return a, fmt.Errorf("audited: %q is no day (write 2026-01-31)", raw.On)
	}
	if a.Percent, err = strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(raw.Percent, "%"))); err != nil || a.Percent < 0 || a.Percent > 100 {
		return a, fmt.Errorf("percent: %q is no share of the criteria (write 72)", raw.Percent)
	}
	if raw.By == "" {
		return a, errors.New("auditor is empty: write who made the audit")
	}
	for _, l := range []struct{ key, value string }{{"report", raw.Report}, {"plan", raw.Plan}} {
		if u, err := url.Parse(l.value); l.value != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "") {
			return a, fmt.Errorf("%s: %q is no address (write https://…)", l.key, l.value)
		}
	}
	a.By, a.Report, a.Plan, a.Failings = raw.By, raw.Report, raw.Plan, raw.Failings
	return a, nil
}
