package node

import (
	"errors"
	"fmt"
	netmail "net/mail"
	"path/filepath"
	"strconv"

	"maillon/node/mail"
)

// AlertsConfig says how searches may be followed.
type AlertsConfig struct {
	Webhooks bool // anyone may have this node call an address of theirs that answers a challenge
	Letters  bool // members' contacts get the letter to their body each month
}

// rawSMTP is smtp in the file.
type rawSMTP struct {
	Host         string `yaml:"host"`
	Port         string `yaml:"port"`
	Security     string `yaml:"security"`
	User         string `yaml:"user"`
	PasswordFile string `yaml:"password_file"`
	From         string `yaml:"from"`
	Letters      string `yaml:"letters"`
}

// rawAlerts is alerts in the file.
type rawAlerts struct {
	Webhooks bool `yaml:"webhooks"`
}

// usualPorts are those of each way to protect the connection.
var usualPorts = map[mail.Security]int{mail.STARTTLS: 587, mail.TLS: 465, mail.Plain: 25}

func (r rawSMTP) check(data string) (c mail.Config, err error) {
	if r.Host == "" {
		if r != (rawSMTP{}) {
			return c, errors.New("smtp.host is empty: write the name of the server that sends your mail")
		}
		return c, nil
	}
	c = mail.Config{Host: r.Host, Security: mail.Security(r.Security), User: r.User}
	if c.Security == "" {
		c.Security = mail.STARTTLS
	}
	usual, ok := usualPorts[c.Security]
	switch {
	case !ok:
		return c, fmt.Errorf("smtp.security: %q is not starttls, tls or none", r.Security)
	case c.Security == mail.Plain && !mail.IsLocal(c.Host):
		return c, fmt.Errorf("smtp.security: none is for a server on this machine only, not %s (write starttls or tls)", c.Host)
	}
	if c.Port = usual; r.Port != "" {
		if c.Port, err = strconv.Atoi(r.Port); err != nil || c.Port < 1 || c.Port > 65535 {
			return c, fmt.Errorf("smtp.port: %q is not a port (write 587)", r.Port)
		}
	}
	from, err := netmail.ParseAddress(r.From)
	if err != nil {
		return c, fmt.Errorf("smtp.from: %q is not a sender (write Marchés publics <marches@exemple.fr>)", r.From)
	}
	if _, err := mail.Address(from.Address); err != nil {
		return c, fmt.Errorf("smtp.from: %w", err)
	}
	c.From = *from
	if r.User == "" {
		return c, nil
	}
	if c.PasswordFile = r.PasswordFile; c.PasswordFile == "" {
		c.PasswordFile = "smtp.password"
	}
	if !filepath.IsAbs(c.PasswordFile) {
		c.PasswordFile = filepath.Join(data, c.PasswordFile)
	}
	return c, nil
}

func (raw *rawConfig) alerts() (AlertsConfig, error) {
	a := AlertsConfig{Webhooks: raw.Alerts.Webhooks}
	switch raw.SMTP.Letters {
	case "", "never":
	case "monthly":
		a.Letters = true
	default:
		return a, fmt.Errorf("smtp.letters: %q is neither monthly nor never", raw.SMTP.Letters)
	}
	return a, nil
}
