package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"maillon/catalog/territory"
	"maillon/federation/follow"
	"maillon/node"
	"maillon/node/access"
	"maillon/node/setup"
)

// An initiation is one run of maillon init: what the flags said, and who to ask.
type initiation struct {
	*cli
	cmd *cobra.Command
	in  *bufio.Reader

	body, name, zone, contact, passwordFile string
	url, hub                                string
	peers                                   []string
	yes, force                              bool
	print                                   string

	a setup.Answers
}

// initCommand writes a first configuration.
func (c *cli) initCommand() *cobra.Command {
	i := &initiation{cli: c}
	cmd := &cobra.Command{
		Use:  "init",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			i.cmd, i.in = cmd, bufio.NewReader(cmd.InOrStdin())
			if i.print != "" {
				return i.printFile()
			}
			return i.run()
		},
	}
	f := cmd.Flags()
	f.StringVar(&i.body, "siret", "", c.t("cli.init.flag.siret"))
	f.StringVar(&i.name, "name", "", c.t("cli.init.flag.name"))
	f.StringVar(&i.zone, "territory", "", c.t("cli.init.flag.territory"))
	f.StringVar(&i.url, "url", "", c.t("cli.init.flag.url"))
	f.StringVar(&i.contact, "contact", "", c.t("cli.init.flag.contact"))
	f.StringVar(&i.passwordFile, "password-file", "", c.t("cli.init.flag.password"))
	f.StringVar(&i.hub, "hub", "", c.t("cli.init.flag.hub"))
	f.StringSliceVar(&i.peers, "peer", nil, c.t("cli.init.flag.peer"))
	f.StringVar(&i.a.Data, "data", "", c.t("cli.init.flag.data"))
	f.StringVar(&i.a.Listen, "listen", "localhost:8080", c.t("cli.init.flag.listen"))
	f.StringVar(&i.a.Admin, "admin", "localhost:9090", c.t("cli.init.flag.admin"))
	f.BoolVarP(&i.yes, "yes", "y", false, c.t("cli.init.flag.yes"))
	f.BoolVar(&i.force, "force", false, c.t("cli.init.flag.force"))
	f.StringVar(&i.print, "print", "", c.t("cli.init.flag.print", strings.Join(setup.Kinds, ", ")))
	return cmd
}

// run asks what the flags leave open, writes, and says what comes next.
func (i *initiation) run() error {
	if _, err := os.Stat(i.config); err == nil && !i.force {
		return errors.New(i.t("cli.init.exists", i.config))
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	i.a.Lang = i.language()
	if i.a.Data == "" {
		i.a.Data = dataFor(i.config)
	}
	var err error
	if i.a.Data, err = filepath.Abs(i.a.Data); err != nil {
		return err
	}
	for _, ask := range []func() error{i.askBody, i.askURL, i.askContact, i.meetHub} {
		if err := ask(); err != nil {
			return err
		}
	}
	if err := i.a.Check(); err != nil {
		return i.misuse(err)
	}
	password, err := i.askPassword()
	if err != nil {
		return err
	}
	i.say("cli.init.proposal", i.a.Name, i.a.ID.String(), i.t("level."+string(i.a.Level)), territory.Name(i.a.Territory), i.a.Territory.String())
	if hub, ok := setup.HubOf(i.a.Territory); ok && i.a.Hub.Node == "" {
		i.say("cli.init.hub", hub.Name)
	}
	if !i.yes {
		answer, err := i.ask("cli.init.write", i.config)
		if err != nil {
			return err
		}
		if a := strings.ToLower(answer); a != "" && a[0] != 'o' && a[0] != 'y' {
			return errors.New(i.t("cli.init.nothing"))
		}
	}
	return i.write(password)
}

func (i *initiation) misuse(err error) error { return &misuseError{i.cmd.CommandPath(), err} }

func (i *initiation) say(key string, args ...any) {
	_, _ = fmt.Fprintln(i.cmd.OutOrStdout(), i.t(key, args...))
}

// ask puts a question and reads a line.
func (i *initiation) ask(key string, args ...any) (string, error) {
	if i.yes {
		return "", nil
	}
	_, _ = fmt.Fprint(i.cmd.ErrOrStderr(), i.t(key, args...)+" ")
	text, err := i.in.ReadString('\n')
	if errors.Is(err, io.EOF) && text == "" {
		_, _ = fmt.Fprintln(i.cmd.ErrOrStderr())
		return "", errors.New(i.t("cli.init.noanswer"))
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	return strings.TrimSpace(text), nil
}

// askBody finds who runs the node, and from that its level and territory.
func (i *initiation) askBody() error {
	for i.body == "" {
		var err error
		if i.yes {
			return i.misuse(errors.New(i.t("cli.init.nobody")))
		}
		if i.body, err = i.ask("cli.init.ask.body"); err != nil {
			return err
		}
	}
	id, err := territory.ParseNodeID(strings.ReplaceAll(i.body, " ", ""))
	if err == nil {
		i.a.ID = id
	} else if digits := strings.Trim(i.body, "0123456789 -"); digits == "" && len(i.body) >= 14 {
		return i.misuse(err) // a SIRET that was mistyped: its body is not to be guessed
	} else if found := setup.Find(i.body); len(found) > 0 {
		b, err := i.choose(found)
		if err != nil {
			return err
		}
		if err := i.askSIRET(b.SIREN); err != nil {
			return err
		}
	} else {
		return i.misuse(errors.New(i.t("cli.init.unknown", i.body, err)))
	}
	return i.place()
}

// choose lets one of several bodies of like names be chosen.
func (i *initiation) choose(found []setup.Body) (setup.Body, error) {
	if len(found) == 1 || i.yes {
		if i.yes {
			return found[0], i.misuse(errors.New(i.t("cli.init.siretyes", found[0].Name, setup.SeatSIRET(found[0].SIREN))))
		}
		return found[0], nil
	}
	for n, b := range found {
		_, _ = fmt.Fprintf(i.cmd.ErrOrStderr(), "%3d  %s – %s%s\n", n+1, b.Name, i.t("level."+string(b.Level)), strings.TrimRight(" – "+b.Where, " –"))
	}
	answer, err := i.ask("cli.init.ask.which", len(found))
	if err != nil {
		return setup.Body{}, err
	}
	n, err := strconv.Atoi(answer)
	if answer == "" {
		n, err = 1, nil
	}
	if err != nil || n < 1 || n > len(found) {
		return setup.Body{}, i.misuse(errors.New(i.t("cli.init.notlisted", answer, len(found))))
	}
	return found[n-1], nil
}

// askSIRET proposes the SIRET of a seat that never moved.
func (i *initiation) askSIRET(siren string) error {
	seat := setup.SeatSIRET(siren)
	answer, err := i.ask("cli.init.ask.siret", seat)
	if err != nil {
		return err
	}
	if answer == "" {
		answer = seat
	}
	if i.a.ID, err = territory.ParseNodeID(strings.ReplaceAll(answer, " ", "")); err != nil {
		return i.misuse(err)
	}
	return nil
}

// place derives name, level and territory.
func (i *initiation) place() (err error) {
	if b, ok := territory.BySIREN(i.a.ID.SIRET().SIREN().String()); ok {
		i.a.Name, i.a.Level, i.a.Territory = b.Name, b.Level, b.Geozone
	} else {
		i.a.Level = territory.Organisme
	}
	if i.name != "" {
		i.a.Name = i.name
	}
	for i.a.Name == "" && !i.yes {
		if i.a.Name, err = i.ask("cli.init.ask.name"); err != nil {
			return err
		}
	}
	if i.a.Level != territory.Organisme && i.zone == "" {
		return nil
	}
	for i.zone == "" && !i.yes {
		if i.zone, err = i.ask("cli.init.ask.seat"); err != nil {
			return err
		}
	}
	if i.zone == "" {
		return i.misuse(errors.New(i.t("cli.init.noseat", i.a.ID.String())))
	}
	if z, err := territory.ParseGeozone(i.zone); err == nil {
		i.a.Territory = z
		return nil
	}
	found := setup.Find(i.zone)
	if len(found) == 0 {
		return i.misuse(errors.New(i.t("cli.init.nozone", i.zone)))
	}
	i.a.Territory = found[0].Geozone
	return nil
}

func (i *initiation) askURL() (err error) {
	if i.url == "" {
		i.url, err = i.ask("cli.init.ask.url")
	}
	if i.url != "" && !strings.Contains(i.url, "://") {
		i.url = "https://" + i.url
	}
	i.a.URL = strings.TrimRight(i.url, "/")
	return err
}

func (i *initiation) askContact() (err error) {
	if i.contact == "" {
		i.contact, err = i.ask("cli.init.ask.contact")
	}
	i.a.Contact = i.contact
	return err
}

// meetHub asks the hub that was named who it is.
func (i *initiation) meetHub() error {
	if i.hub == "" {
		return nil
	}
	base := strings.TrimRight(i.hub, "/")
	if !strings.Contains(base, "://") {
		base = "https://" + base
	}
	var info struct{ Node, Name string }
	client := follow.NewClient(follow.Options{AllowPrivate: true, UserAgent: "maillon/" + node.Version})
	if err := client.GetJSON(i.cmd.Context(), base+"/federation/v1/hub", &info); err != nil {
		return errors.New(i.t("cli.init.nohub", base, err))
	}
	if _, err := territory.ParseNodeID(info.Node); err != nil {
		return errors.New(i.t("cli.init.nohub", base, err))
	}
	i.a.Hub = setup.Hub{Node: info.Node, Name: info.Name, URL: base, Peers: i.peers}
	return nil
}

// askPassword gives the administrator's password, "" if none is to be set.
func (i *initiation) askPassword() (string, error) {
	if i.passwordFile != "" {
		return readPassword(i.passwordFile)
	}
	if i.yes {
		return "", nil
	}
	if f, ok := i.cmd.InOrStdin().(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return i.newPassword(i.cmd)
	}
	return i.ask("cli.init.ask.password", access.MinPassword)
}

// write keeps the password, then the configuration.
func (i *initiation) write(password string) error {
	if err := os.MkdirAll(i.a.Data, 0o700); err != nil {
		return err
	}
	if password != "" {
		if err := access.Open(filepath.Join(i.a.Data, access.FileName), time.Now).SetPassword(password); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Dir(i.config), 0o755); err != nil {
		return err
	}
	if err := writeConfig(i.config, i.a.Data, i.a.Config()); err != nil {
		return err
	}
	i.say("cli.init.done", i.config)
	if password == "" {
		i.say("cli.init.nopassword")
	}
	switch {
	case i.a.Hub.Node != "":
		i.say("cli.init.next.hub", i.a.Hub.Name, i.a.ID.String())
	default:
		i.say("cli.init.next.join")
	}
	i.say("cli.init.next.run", i.config)
	return nil
}

// dataFor is the usual data folder beside a configuration.
func dataFor(config string) string {
	if abs, err := filepath.Abs(config); err == nil && strings.HasPrefix(abs, "/etc/") {
		return "/var/lib/maillon"
	}
	return filepath.Join(filepath.Dir(config), "data")
}

// printFile writes a file for the software around the node.
func (i *initiation) printFile() error {
	p := setup.Place{URL: i.url, Listen: i.a.Listen, Data: i.a.Data, Config: i.config, Program: "/usr/bin/maillon", User: "maillon"}
	if cfg, err := node.LoadConfig(i.config); err == nil {
		p.URL, p.Listen, p.Data = cfg.URL, cfg.Listen, cfg.Data
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if p.Data == "" {
		p.Data = dataFor(i.config)
	}
	for _, path := range []*string{&p.Data, &p.Config} {
		abs, err := filepath.Abs(*path)
		if err != nil {
			return err
		}
		*path = abs
	}
	if err := setup.Print(i.cmd.OutOrStdout(), i.print, p); err != nil {
		return i.misuse(err)
	}
	return nil
}
