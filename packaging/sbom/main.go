// Command sbom writes the bill of materials of a built program as CycloneDX 1.6 JSON:
// the modules that are in it, by the build information that Go put there, each with its
// licence as its own files state it. The same program and the same moment give the same
// bytes.
//
//	go run ./packaging/sbom PROGRAM >PROGRAM.cdx.json
//
// It wants the modules in the module cache (go mod download). SOURCE_DATE_EPOCH is the
// moment that is written; without it, none is.
package main

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 2 {
		return fmt.Errorf("usage: sbom PROGRAM")
	}
	raw, err := os.ReadFile(os.Args[1])
	if err != nil {
		return err
	}
	info, err := buildinfo.Read(bytes.NewReader(raw))
	if err != nil {
		return fmt.Errorf("%s: %w", os.Args[1], err)
	}
	dirs, err := moduleDirs()
	if err != nil {
		return err
	}
	sum := sha256.Sum256(raw)
	b, err := bomOf(info, sum, moment(os.Getenv("SOURCE_DATE_EPOCH")), func(m *debug.Module) (string, error) {
		if slices.Contains(unstated, m.Path) {
			return "", nil
		}
		return licenceIn(dirs[m.Path])
	})
	if err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false)
	return out.Encode(b)
}

// unstated are modules whose files state no licence: what rdf2go reads Turtle and JSON-LD
// with (decision 0097). Any other such module is an error.
var unstated = []string{"github.com/deiu/gon3", "github.com/linkeddata/gojsonld", "github.com/rychipman/easylex"}

func moment(epoch string) string {
	n, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		return ""
	}
	return time.Unix(n, 0).UTC().Format(time.RFC3339)
}

// moduleDirs tells where the files of each module are.
func moduleDirs() (map[string]string, error) {
	raw, err := exec.Command("go", "list", "-m", "-f", "{{.Path}}\t{{.Dir}}", "all").Output()
	if err != nil {
		return nil, fmt.Errorf("list modules: %w", err)
	}
	dirs := map[string]string{}
	for line := range strings.Lines(string(raw)) {
		path, dir, _ := strings.Cut(strings.TrimSpace(line), "\t")
		dirs[path] = dir
	}
	return dirs, nil
}

// A bom is a document of CycloneDX (https://cyclonedx.org/docs/1.6/json/).
type bom struct {
	Schema       string       `json:"$schema"`
	Format       string       `json:"bomFormat"`
	Spec         string       `json:"specVersion"`
	Serial       string       `json:"serialNumber"`
	Version      int          `json:"version"`
	Metadata     metadata     `json:"metadata"`
	Components   []component  `json:"components"`
	Dependencies []dependency `json:"dependencies"`
}

type metadata struct {
	Timestamp string    `json:"timestamp,omitempty"`
	Component component `json:"component"`
}

type component struct {
	Type       string          `json:"type"`
	Ref        string          `json:"bom-ref"`
	Name       string          `json:"name"`
	Version    string          `json:"version"`
	PURL       string          `json:"purl"`
	Hashes     []hash          `json:"hashes,omitempty"`
	Licences   []licenceChoice `json:"licenses"`
	Properties []property      `json:"properties,omitempty"`
}

type (
	hash struct {
		Algorithm string `json:"alg"`
		Content   string `json:"content"`
	}
	licenceChoice struct {
		Licence licence `json:"license"`
	}
	licence struct {
		ID   string `json:"id,omitempty"`   // of SPDX
		Name string `json:"name,omitempty"` // where there is none
	}
	property struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	dependency struct {
		Ref string   `json:"ref"`
		On  []string `json:"dependsOn"`
	}
)

// bomOf describes a program whose bytes have the given sum. licenceOf tells the SPDX
// id of a module's licence, "" if its files state none.
func bomOf(info *debug.BuildInfo, sum [sha256.Size]byte, at string, licenceOf func(*debug.Module) (string, error)) (*bom, error) {
	own, err := licenceOf(&info.Main)
	if err != nil {
		return nil, fmt.Errorf("licence of %s: %w", info.Main.Path, err)
	}
	main := moduleOf(&info.Main, own)
	main.Type, main.Hashes = "application", []hash{{"SHA-256", hex.EncodeToString(sum[:])}}
	for _, s := range info.Settings {
		if slices.Contains([]string{"GOOS", "GOARCH", "CGO_ENABLED", "-trimpath", "-ldflags", "vcs.revision", "vcs.modified"}, s.Key) {
			main.Properties = append(main.Properties, property{"maillon:build:" + s.Key, s.Value})
		}
	}
	b := &bom{
		Schema: "http://cyclonedx.org/schema/bom-1.6.schema.json", Format: "CycloneDX", Spec: "1.6", Version: 1, Serial: serial(sum),
		Metadata: metadata{Timestamp: at, Component: main},
	}
	std := debug.Module{Path: "std", Version: strings.TrimPrefix(info.GoVersion, "go")}
	b.Components = append(b.Components, moduleOf(&std, "BSD-3-Clause"))
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		id, err := licenceOf(m)
		if err != nil {
			return nil, fmt.Errorf("licence of %s: %w", m.Path, err)
		}
		b.Components = append(b.Components, moduleOf(m, id))
	}
	on := dependency{Ref: main.Ref}
	for _, c := range b.Components {
		on.On = append(on.On, c.Ref)
	}
	b.Dependencies = []dependency{on}
	return b, nil
}

func moduleOf(m *debug.Module, licenceID string) component {
	version := m.Version
	if version == "" {
		version = "(devel)"
	}
	purl := "pkg:golang/" + m.Path + "@" + version
	l := licence{ID: licenceID}
	if licenceID == "" {
		l.Name = "none stated in the module's files"
	}
	c := component{Type: "library", Ref: purl, Name: m.Path, Version: version, PURL: purl, Licences: []licenceChoice{{l}}}
	if m.Sum != "" {
		c.Properties = []property{{"go:sum", m.Sum}}
	}
	return c
}

// serial makes the number of a document from the program's bytes, as a UUID.
func serial(sum [sha256.Size]byte) string {
	id := sum[:16]
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80 // version 8: made as the application likes
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

// licenceIn reads which licence the files of a module state.
func licenceIn(dir string) (string, error) {
	if dir == "" {
		return "", fmt.Errorf("its files are not here: go mod download")
	}
	for _, pattern := range []string{"LICENSE*", "LICENCE*", "License*", "license*", "COPYING*"} {
		names, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return "", err
		}
		for _, name := range names {
			raw, err := os.ReadFile(name)
			if err != nil {
				return "", err
			}
			if id := licenceOf(string(raw)); id != "" {
				return id, nil
			}
		}
	}
	return "", fmt.Errorf("no licence that is known here in %s", dir)
}

// licenceOf names the licence of a text by phrases that stand in no other of them;
// "" if it is none of those that this program may take in.
func licenceOf(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	for _, l := range []struct{ id, phrase string }{
		{"Apache-2.0", "Apache License Version 2.0"},
		{"Apache-2.0", "Licensed under the Apache License, Version 2.0"},
		{"MPL-2.0", "Mozilla Public License Version 2.0"},
		{"MPL-2.0", "Mozilla Public License, version 2.0"},
		{"MIT", "Permission is hereby granted, free of charge, to any person obtaining a copy"},
		{"ISC", "Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee"},
		{"BSD-3-Clause", "may be used to endorse or promote products"},
		{"BSD-2-Clause", "Redistributions in binary form must reproduce the above copyright"},
	} {
		if strings.Contains(text, l.phrase) {
			return l.id
		}
	}
	return ""
}
