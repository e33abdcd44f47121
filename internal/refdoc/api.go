// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package refdoc

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// API makes the page of the given packages from a serialized FileDescriptorSet with
// comments.
func API(descriptorSet []byte, packages ...string) (Page, error) {
	var set descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(descriptorSet, &set); err != nil {
		return Page{}, fmt.Errorf("read the descriptor set: %w", err)
	}
	files, err := protodesc.NewFiles(&set)
	if err != nil {
		return Page{}, fmt.Errorf("read the descriptor set: %w", err)
	}
	var b strings.Builder
	b.WriteString(generated + "# API\n")
	for _, name := range packages {
		found := false
		files.RangeFilesByPackage(protoreflect.FullName(name), func(f protoreflect.FileDescriptor) bool {
			found = true
			apiFile(&b, f)
			return true
		})
		if !found {
			return Page{}, fmt.Errorf("the descriptor set has no package %s", name)
		}
	}
	return Page{"api.md", b.String()}, nil
}

// syntaxField is the number of FileDescriptorProto.syntax, which has the comment of the
// file.
const syntaxField = 12

func apiFile(b *strings.Builder, f protoreflect.FileDescriptor) {
	fmt.Fprintf(b, "\n## package %s\n\n%s\n", f.Package(), text(f.SourceLocations().ByPath(protoreflect.SourcePath{syntaxField})))
	for i := range f.Services().Len() {
		s := f.Services().Get(i)
		fmt.Fprintf(b, "\n### service %s\n\n%s\n", s.Name(), comment(s))
		for j := range s.Methods().Len() {
			m := s.Methods().Get(j)
			stream := ""
			if m.IsStreamingServer() {
				stream = "stream "
			}
			fmt.Fprintf(b, "\n#### %s\n\n`%s(%s) → %s%s`\n\n%s\n", m.Name(), m.Name(), m.Input().Name(), stream, m.Output().Name(), comment(m))
		}
	}
	b.WriteString("\n### messages\n")
	for i := range f.Messages().Len() {
		apiMessage(b, f.Messages().Get(i))
	}
	if f.Enums().Len() > 0 {
		b.WriteString("\n### enums\n")
	}
	apiEnums(b, f.Enums())
}

func apiMessage(b *strings.Builder, m protoreflect.MessageDescriptor) {
	if m.IsMapEntry() {
		return
	}
	fmt.Fprintf(b, "\n#### %s\n\n%s\n", m.Name(), comment(m))
	if m.Fields().Len() > 0 {
		b.WriteString("\n| field | type | |\n| --- | --- | --- |\n")
	}
	for i := range m.Fields().Len() {
		f := m.Fields().Get(i)
		fmt.Fprintf(b, "| %d `%s` | %s | %s |\n", f.Number(), f.Name(), fieldType(f), cell(comment(f)))
	}
	for i := range m.Messages().Len() {
		apiMessage(b, m.Messages().Get(i))
	}
	apiEnums(b, m.Enums())
}

func apiEnums(b *strings.Builder, enums protoreflect.EnumDescriptors) {
	for i := range enums.Len() {
		e := enums.Get(i)
		name := e.Name()
		if p, ok := e.Parent().(protoreflect.MessageDescriptor); ok {
			name = p.Name() + "." + name
		}
		fmt.Fprintf(b, "\n#### %s\n\n%s\n\n| value | |\n| --- | --- |\n", name, comment(e))
		for j := range e.Values().Len() {
			v := e.Values().Get(j)
			fmt.Fprintf(b, "| %d `%s` | %s |\n", v.Number(), v.Name(), cell(comment(v)))
		}
	}
}

func fieldType(f protoreflect.FieldDescriptor) string {
	if f.IsMap() {
		return fmt.Sprintf("map of %s to %s", kind(f.MapKey()), kind(f.MapValue()))
	}
	switch t := kind(f); {
	case f.IsList():
		return "list of " + t
	case f.ContainingOneof() != nil && !f.HasOptionalKeyword():
		return t + ", one of " + string(f.ContainingOneof().Name())
	case f.HasOptionalKeyword():
		return t + ", optional"
	default:
		return t
	}
}

func kind(f protoreflect.FieldDescriptor) string {
	switch {
	case f.Message() != nil:
		return string(f.Message().Name())
	case f.Enum() != nil:
		return string(f.Enum().Name())
	default:
		return f.Kind().String()
	}
}

func comment(d protoreflect.Descriptor) string {
	return text(d.ParentFile().SourceLocations().ByDescriptor(d))
}

func text(l protoreflect.SourceLocation) string {
	var lines []string
	for line := range strings.SplitSeq(strings.TrimSpace(l.LeadingComments), "\n") {
		lines = append(lines, strings.TrimPrefix(line, " "))
	}
	return strings.Join(lines, "\n")
}
