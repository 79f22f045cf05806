package node

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"maillon/catalog"
	"maillon/catalog/territory"
	"maillon/catalog/texts"
	"maillon/node/harvester"
)

// check turns the file's shape into the program's, with the first thing
// wrong as the error.
func (raw *rawConfig) check() (Config, error) {
	c := Config{
		Name: raw.Node.Name, Contact: raw.Node.Contact, Data: raw.Data,
		Lang: texts.Parse(raw.Lang), Listen: raw.HTTP.Listen, Admin: raw.HTTP.Admin, Toolbox: ToolboxConfig{Dir: raw.Toolbox.Dir},
	}
	var err error
	if c.ID, err = territory.ParseNodeID(raw.Node.ID); err != nil {
		return c, fmt.Errorf("node.id: %w (write the SIRET of the body that runs this node, 14 digits)", err)
	}
	if c.Name == "" {
		return c, errors.New("node.name is empty: write the name of the body that runs this node")
	}
	if c.Level, err = territory.ParseLevel(raw.Node.Level); err != nil {
		return c, fmt.Errorf("node.level: %w", err)
	}
	if c.Territory, err = territory.ParseGeozone(raw.Node.Territory); err != nil {
		return c, fmt.Errorf("node.territory: %w", err)
	}
	if c.Box, err = parseBox(raw.Node.Box); err != nil {
		return c, fmt.Errorf("node.bbox: %w", err)
	}
	if c.Deposits, err = raw.deposits(); err != nil {
		return c, err
	}
	if c.Front, err = raw.front(); err != nil {
		return c, err
	}
	if c.Editions, err = raw.editions(); err != nil {
		return c, err
	}
	if c.Validate.MaxBytes, err = parseSize(raw.Validate.MaxSize); err != nil {
		return c, fmt.Errorf("validate.max_size: %w", err)
	}
	if c.Federation, err = raw.federation(c.ID); err != nil {
		return c, err
	}
	if err = raw.addresses(&c); err != nil {
		return c, err
	}
	if c.Backup, err = raw.backup(); err != nil {
		return c, err
	}
	if c.Outlet, err = raw.Publish.UData.check(raw.Data); err != nil {
		return c, err
	}
	if c.Targets, err = checkTargets(raw.Targets, c.ID); err != nil {
		return c, err
	}
	if c.Site, err = raw.Site.check(); err != nil {
		return c, err
	}
	if c.Mail, err = raw.SMTP.check(raw.Data); err != nil {
		return c, err
	}
	if c.Alerts, err = raw.alerts(); err != nil {
		return c, err
	}
	for i, r := range raw.Sources {
		source, err := r.check()
		if err != nil {
			return c, fmt.Errorf("sources[%d]: %w", i, err)
		}
		c.Sources = append(c.Sources, source)
	}
	return c, raw.checkLog(&c.Log)
}

func (r rawSource) check() (harvester.Config, error) {
	c := harvester.Config{URL: r.URL, Every: harvester.DefaultEvery, Grace: harvester.DefaultGrace, Share: harvester.DefaultShare, Files: true}
	if err := harvester.CheckURL(r.URL); err != nil {
		return c, fmt.Errorf("url: %w", err)
	}
	var err error
	if r.Every != "" {
		if c.Every, err = parseDuration("every", r.Every, time.Second, 366*24*time.Hour); err != nil {
			return c, err
		}
	}
	if r.Grace != "" {
		if c.Grace, err = parseDuration("grace", r.Grace, time.Second, 366*24*time.Hour); err != nil {
			return c, err
		}
	}
	if r.MaxDeletions != "" {
		if c.Share, err = parseShare(r.MaxDeletions); err != nil {
			return c, fmt.Errorf("max_deletions: %w", err)
		}
	}
	if r.Files != nil {
		c.Files = *r.Files
	}
	return c, nil
}

// parseBox reads west, south, east and north, in degrees.
func parseBox(s string) (catalog.Box, error) {
	var b catalog.Box
	if s == "" {
		return b, nil
	}
	n, err := fmt.Sscan(s, &b.West, &b.South, &b.East, &b.North)
	if err != nil || n != 4 || b.West >= b.East || b.South >= b.North || b.West < -180 || b.East > 180 || b.South < -90 || b.North > 90 {
		return b, fmt.Errorf("%q is not a rectangle (write west south east north in degrees: -5.2 47.2 -1.0 48.9)", s)
	}
	return b, nil
}

func checkURL(s, listen string) (string, error) {
	if s == "" {
		host, port, err := net.SplitHostPort(listen)
		if err != nil {
			return "", fmt.Errorf("http.listen: %q is not host:port (write localhost:8080)", listen)
		}
		if host == "" {
			host = "localhost"
		}
		return "http://" + net.JoinHostPort(host, port), nil
	}
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("url: %q is not a public address (write https://marches.exemple.fr)", s)
	}
	return strings.TrimRight(s, "/"), nil
}

func (raw *rawConfig) deposits() (DepositsConfig, error) {
	d := DepositsConfig{TokenFile: raw.Deposits.TokenFile, Inbox: raw.Deposits.Inbox}
	if d.TokenFile == "" {
		d.TokenFile = filepath.Join(raw.Data, "deposit.token")
	}
	if d.Inbox != "" && !filepath.IsAbs(d.Inbox) {
		d.Inbox = filepath.Join(raw.Data, d.Inbox)
	}
	switch raw.Deposits.Publication {
	case "complete":
	case "stricte":
		d.Strict = true
	default:
		return d, fmt.Errorf("deposits.publication: %q is neither complete nor stricte", raw.Deposits.Publication)
	}
	size, err := parseSize(raw.Deposits.MaxSize)
	if err != nil {
		return d, fmt.Errorf("deposits.max_size: %w", err)
	}
	d.MaxBytes = size
	return d, nil
}

func (raw *rawConfig) checkLog(l *LogConfig) error {
	l.Level = raw.Log.Level
	switch l.Level {
	case "debug", "info", "warn", "error":
	default:
		return fmt.Errorf("log.level: %q is not debug, info, warn or error", l.Level)
	}
	switch raw.Log.Format {
	case "console":
	case "json":
		l.JSON = true
	default:
		return fmt.Errorf("log.format: %q is neither console nor json", raw.Log.Format)
	}
	return nil
}
