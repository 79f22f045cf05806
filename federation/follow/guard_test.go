package follow

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

func TestAddressesThatAreNotContacted(t *testing.T) {
	for addr, kind := range map[string]string{
		"8.8.8.8":              "",
		"193.48.22.1":          "",
		"2001:4860:4860::8888": "",
		"2a01:e0a::1":          "",
		"172.32.0.1":           "",
		"100.128.0.1":          "",
		"127.0.0.1":            "a loopback",
		"127.255.0.1":          "a loopback",
		"0.0.0.0":              "an unspecified",
		"0.1.2.3":              "an unspecified",
		"10.1.2.3":             "a private",
		"172.16.0.1":           "a private",
		"172.31.255.255":       "a private",
		"192.168.0.1":          "a private",
		"169.254.169.254":      "a link-local",
		"100.64.0.1":           "a carrier-grade NAT",
		"100.127.255.255":      "a carrier-grade NAT",
		"192.0.0.170":          "a reserved",
		"192.0.2.1":            "a documentation",
		"198.18.0.1":           "a benchmarking",
		"192.88.99.1":          "a 6to4 relay",
		"224.0.0.1":            "a multicast",
		"255.255.255.255":      "a reserved",
		"::":                   "an unspecified",
		"::1":                  "a loopback",
		"::ffff:8.8.8.8":       "an IPv4-mapped",
		"::ffff:127.0.0.1":     "an IPv4-mapped",
		"::127.0.0.1":          "a reserved", // IPv4-compatible
		"64:ff9b::7f00:1":      "a NAT64",
		"64:ff9b:1::a00:1":     "a NAT64",
		"2001::1":              "a Teredo",
		"2001:20::1":           "a reserved",
		"2001:db8::1":          "a documentation",
		"2002:7f00:1::1":       "a 6to4",
		"fc00::1":              "a private",
		"fd12:3456::1":         "a private",
		"fe80::1":              "a link-local",
		"fe80::1%eth0":         "a link-local",
		"fec0::1":              "a reserved",
		"ff02::1":              "a multicast",
		"100::1":               "a reserved",
		"4000::1":              "a reserved",
	} {
		if got := refusedKind(netip.MustParseAddr(addr)); got != kind {
			t.Errorf("%s: %q, want %q", addr, got, kind)
		}
	}
}

func TestPrivateServerIsNotContactedUnlessAllowed(t *testing.T) {
	asked := false
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer s.Close()
	_, port, _ := strings.Cut(strings.TrimPrefix(s.URL, "http://"), ":")
	_, v := keyFrom(t, 1)
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0", "127.1", "2130706433"} {
		_, err := NewClient(Options{}).Follow(t.Context(), "http://"+host+":"+port, v, &copied{})
		if err == nil {
			t.Errorf("%s: followed", host)
		}
		var refused *AddressError
		if strings.HasPrefix(host, "127.0") || host == "localhost" {
			if !errors.As(err, &refused) || !strings.Contains(err.Error(), "federation.allow_private: true") {
				t.Errorf("%s: %v", host, err)
			}
		}
	}
	if err := NewClient(Options{}).PostAnnouncement(t.Context(), s.URL, []byte("x")); err == nil {
		t.Error("posted")
	}
	if asked {
		t.Fatal("the server was asked")
	}
	_ = NewClient(Options{AllowPrivate: true}).GetJSON(t.Context(), s.URL, new(any))
	if !asked {
		t.Error("the server was not asked though it may be")
	}
}
