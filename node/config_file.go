package node

import (
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// rawConfig is the file's shape; configs/ explains every key.
type rawConfig struct {
	Node struct {
		ID        string `yaml:"id"`
		Name      string `yaml:"name"`
		Level     string `yaml:"level"`
		Territory string `yaml:"territory"`
		Contact   string `yaml:"contact"`
		Box       string `yaml:"bbox"`
	} `yaml:"node"`
	URL     string `yaml:"url"`
	Address string `yaml:"address"`
	Data    string `yaml:"data"`
	Lang    string `yaml:"lang"`
	HTTP    struct {
		Listen         string   `yaml:"listen"`
		Admin          string   `yaml:"admin"`
		TrustedProxies []string `yaml:"trusted_proxies"`
		Rate           string   `yaml:"rate"`
		Burst          string   `yaml:"burst"`
		Connections    string   `yaml:"connections"`
		TLS            struct {
			Domains     []string `yaml:"domains"`
			Email       string   `yaml:"email"`
			Directory   string   `yaml:"directory"`
			DirectoryCA string   `yaml:"directory_ca"`
			Redirect    string   `yaml:"redirect"`
			CertFile    string   `yaml:"cert_file"`
			KeyFile     string   `yaml:"key_file"`
		} `yaml:"tls"`
	} `yaml:"http"`
	Deposits struct {
		TokenFile   string `yaml:"token_file"`
		Inbox       string `yaml:"inbox"`
		Publication string `yaml:"publication"`
		MaxSize     string `yaml:"max_size"`
	} `yaml:"deposits"`
	Validate struct {
		MaxSize string `yaml:"max_size"`
	} `yaml:"validate"`
	Federation struct {
		AllowPrivate bool     `yaml:"allow_private"`
		Debounce     string   `yaml:"debounce"`
		FollowEvery  string   `yaml:"follow_every"`
		OrphanAfter  string   `yaml:"orphan_after"`
		ConfirmHead  *bool    `yaml:"confirm_head"`
		Roots        []string `yaml:"roots"`
		CharterFile  string   `yaml:"charter_file"`
		Join         *rawPool `yaml:"join"`
		Hub          *rawHub  `yaml:"hub"`
	} `yaml:"federation"`
	Sources []rawSource `yaml:"sources"`
	Backup  struct {
		Dir        string `yaml:"dir"`
		Every      string `yaml:"every"`
		Keep       string `yaml:"keep"`
		Passphrase string `yaml:"passphrase_file"`
	} `yaml:"backup"`
	Editions struct {
		KeepDays   string `yaml:"keep_days"`
		KeepMonths string `yaml:"keep_months"`
	} `yaml:"editions"`
	Publish struct {
		UData rawOutlet `yaml:"udata"`
	} `yaml:"publish"`
	Toolbox struct {
		Dir string `yaml:"dir"`
	} `yaml:"toolbox"`
	Targets []rawAim  `yaml:"targets"`
	Site    rawSite   `yaml:"site"`
	SMTP    rawSMTP   `yaml:"smtp"`
	Alerts  rawAlerts `yaml:"alerts"`
	Log     struct {
		Level  string `yaml:"level"`
		Format string `yaml:"format"`
	} `yaml:"log"`
}

type rawSource struct {
	URL          string `yaml:"url" json:"url"`
	Every        string `yaml:"every" json:"every,omitempty"`
	Grace        string `yaml:"grace" json:"grace,omitempty"`
	MaxDeletions string `yaml:"max_deletions" json:"maxDeletions,omitempty"`
	Files        *bool  `yaml:"files" json:"files,omitempty"`
}

type rawPool struct {
	Mode      string   `yaml:"mode"`
	Storage   string   `yaml:"storage"`
	URL       string   `yaml:"url"`
	Hub       string   `yaml:"hub"`
	HubKey    string   `yaml:"hub_key"`
	Listen    string   `yaml:"listen"`
	Advertise string   `yaml:"advertise"`
	Peers     []string `yaml:"peers"`
	KeyFile   string   `yaml:"key_file"`
	Profile   string   `yaml:"profile"`
}

type rawHub struct {
	Listen    string `yaml:"listen"`
	Advertise string `yaml:"advertise"`
	KeyFile   string `yaml:"key_file"`
	Profile   string `yaml:"profile"`
	Admission string `yaml:"admission"`
	Quota     string `yaml:"quota"`

	Authority *rawAuthority `yaml:"authority"`
}

// LoadConfig reads the file at path with the process's environment.
func LoadConfig(path string) (Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return Config{}, err
	}
	defer f.Close()
	c, err := ReadConfig(f, os.LookupEnv)
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// ReadConfig reads and checks a configuration. Unknown keys are errors. An
// environment variable MAILLON_ and the key's path in capitals joined by _
// (MAILLON_HTTP_LISTEN) overrides the file; env looks them up.
func ReadConfig(r io.Reader, env func(string) (string, bool)) (Config, error) {
	raw, err := readRaw(r, env)
	if err != nil {
		return Config{}, err
	}
	return raw.check()
}

// maxConfig bounds a configuration file, in bytes.
const maxConfig = 1 << 20

// readRaw reads a configuration without judging what its keys say.
func readRaw(r io.Reader, env func(string) (string, bool)) (*rawConfig, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxConfig+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxConfig {
		return nil, fmt.Errorf("more than %d bytes: this is no configuration", maxConfig)
	}
	raw := defaults()
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	if err := unknownKeys(&doc); err != nil {
		return nil, err
	}
	if err := doc.Decode(raw); err != nil && doc.Kind != 0 {
		return nil, errors.New(strings.ReplaceAll(err.Error(), "\n  ", " "))
	}
	_, err = override(reflect.ValueOf(raw).Elem(), "MAILLON", env)
	return raw, err
}

// defaults is what holds where the file says nothing.
func defaults() *rawConfig {
	var raw rawConfig
	raw.Data = "data"
	raw.HTTP.Listen = "localhost:8080"
	raw.HTTP.Admin = "localhost:9090"
	raw.HTTP.Rate, raw.HTTP.Burst, raw.HTTP.Connections = "50", "500", "8192"
	raw.Deposits.Inbox = "inbox"
	raw.Deposits.Publication = "complete"
	raw.Deposits.MaxSize = "2GiB"
	raw.Validate.MaxSize = "100MiB"
	raw.Federation.Debounce = "2s"
	raw.Federation.FollowEvery = "15m"
	raw.Federation.OrphanAfter = "1h"
	raw.Federation.CharterFile = "charter.txt"
	raw.Editions.KeepDays, raw.Editions.KeepMonths = "30", "24"
	raw.Log.Level, raw.Log.Format = "info", "console"
	return &raw
}
