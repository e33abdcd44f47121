// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/CycloneDX/cyclonedx-go"
)

// sbom returns the components of each program in CycloneDX: the modules that Go has recorded in
// it, and Go itself. The wheel has only files of the source; what it requires, pip gets from elsewhere.
func (s *source) sbom(built []program, wheel entry) ([]byte, error) {
	bom := cyclonedx.NewBOM()
	whole := cyclonedx.Component{
		BOMRef: "tamtam", Type: cyclonedx.ComponentTypeApplication, Name: "tamtam", Version: s.version,
		PackageURL: purl(root, s.version),
		Licenses:   &cyclonedx.Licenses{{License: &cyclonedx.License{ID: "Apache-2.0"}}}}
	bom.Metadata = &cyclonedx.Metadata{Timestamp: s.time.Format(time.RFC3339), Component: &whole}

	components := map[string]cyclonedx.Component{}
	var dependencies []cyclonedx.Dependency
	var programs []string
	for _, p := range built {
		ref := p.platform.String() + "/" + p.name
		programs = append(programs, ref)
		components[ref] = cyclonedx.Component{BOMRef: ref, Type: cyclonedx.ComponentTypeApplication, Name: p.name, Version: s.version,
			Hashes: &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: fmt.Sprintf("%x", sha256.Sum256(p.data))}}}
		var needs []string
		for _, m := range p.info.Deps {
			if m.Path == root || strings.HasPrefix(m.Path, root+"/") {
				continue // the program's own module
			}
			c := module(m)
			components[c.BOMRef] = c
			needs = append(needs, c.BOMRef)
		}
		std := standard(p.info.GoVersion)
		components[std.BOMRef] = std
		needs = append(needs, std.BOMRef)
		slices.Sort(needs)
		dependencies = append(dependencies, cyclonedx.Dependency{Ref: ref, Dependencies: &needs})
	}
	components[wheel.name] = cyclonedx.Component{BOMRef: wheel.name, Type: cyclonedx.ComponentTypeLibrary, Name: wheel.name, Version: s.version,
		Licenses: whole.Licenses, Hashes: &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: fmt.Sprintf("%x", sha256.Sum256(wheel.data))}}}
	programs = append(programs, wheel.name)
	slices.Sort(programs)
	dependencies = append(dependencies, cyclonedx.Dependency{Ref: whole.BOMRef, Dependencies: &programs})
	slices.SortFunc(dependencies, func(a, b cyclonedx.Dependency) int { return cmp.Compare(a.Ref, b.Ref) })
	sorted := slices.SortedFunc(maps.Values(components), func(a, b cyclonedx.Component) int {
		return cmp.Compare(a.BOMRef, b.BOMRef)
	})
	bom.Components, bom.Dependencies = &sorted, &dependencies

	var b bytes.Buffer
	encoder := cyclonedx.NewBOMEncoder(&b, cyclonedx.BOMFileFormatJSON).SetPretty(true)
	err := encoder.EncodeVersion(bom, cyclonedx.SpecVersion1_6)
	return b.Bytes(), err
}

func module(m *debug.Module) cyclonedx.Component {
	if m.Replace != nil {
		m = m.Replace
	}
	c := cyclonedx.Component{
		BOMRef: purl(m.Path, m.Version), Type: cyclonedx.ComponentTypeLibrary,
		Name: m.Path, Version: m.Version, PackageURL: purl(m.Path, m.Version),
	}
	// The sums in go.sum are SHA-256 in base64.
	if sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(m.Sum, "h1:")); err == nil && len(sum) == sha256.Size {
		c.Hashes = &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: fmt.Sprintf("%x", sum)}}
	}
	return c
}

// standard returns the component of Go's standard library, which has its own security advisories.
func standard(goVersion string) cyclonedx.Component {
	version := strings.TrimPrefix(goVersion, "go")
	return cyclonedx.Component{
		BOMRef: purl("std", version), Type: cyclonedx.ComponentTypeLibrary,
		Name: "std", Version: version, PackageURL: purl("std", version),
	}
}

// purl returns a package URL. In one, a plus sign would mean a space.
func purl(path, version string) string {
	return "pkg:golang/" + path + "@" + strings.ReplaceAll(version, "+", "%2B")
}
