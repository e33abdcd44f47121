// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package webtest

import (
	"bytes"
	"flag"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

var update = flag.Bool("update", false, "write the pictures in docs")

// pictures is where TestPicture puts what it draws; empty for nowhere.
var pictures = os.Getenv("TAMTAM_PICTURES")

// TestPicture draws the page of a cluster that is made up, light and dark, wide and narrow; and writes
// the pictures in the guide with -update.
func TestPicture(t *testing.T) {
	b := openTab(t, startDemo(t), 1280, 800)
	b.until("all is shown", `document.querySelectorAll("#rows tr[data-address]").length === 10 && document.querySelectorAll("#problem-list li").length === 4 && document.querySelectorAll("#matrix tr").length === 8 && document.querySelectorAll("#message-list tr").length === 10`)
	for _, scheme := range []string{"light", "dark"} {
		b.like("prefers-color-scheme", scheme)
		shot := call(b, page.CaptureScreenshot, page.CaptureScreenshotParams{}).Data
		picture, err := png.Decode(bytes.NewReader(shot))
		if err != nil {
			t.Fatal(err)
		}
		if size := picture.Bounds().Size(); size.X != 1280 || size.Y != 800 {
			t.Errorf("%s: %v", scheme, size)
		}
		if pictures != "" {
			write(t, filepath.Join(pictures, scheme+".png"), shot)
		}
		if *update && scheme == "light" {
			write(t, filepath.Join("..", "..", "docs", "status-page.png"), fewColours(t, picture))
		}
	}
	// Dark, since that was the last scheme.
	b.do(chromedp.EmulateViewport(390, 1300))
	b.until("slices are as wide as a finger", `document.querySelectorAll("#slices button").length < 15`)
	narrow := call(b, page.CaptureScreenshot, page.CaptureScreenshotParams{}).Data
	if picture, err := png.Decode(bytes.NewReader(narrow)); err != nil {
		t.Error(err)
	} else if *update {
		write(t, filepath.Join("..", "..", "docs", "status-page-narrow.png"), fewColours(t, picture))
	}
	if pictures != "" {
		write(t, filepath.Join(pictures, "narrow.png"), narrow)
	}
	if bad := b.takeComplaints(); len(bad) > 0 {
		t.Errorf("the browser complains: %q", bad)
	}
}

// TestPictureOfLinks draws the page of 34 and of 100 members, and writes the pictures of its heat map
// in the guide with -update.
func TestPictureOfLinks(t *testing.T) {
	for members, name := range map[string]string{"34": "status-page-links.png", "100": "status-page-100.png"} {
		t.Run(members, func(t *testing.T) {
			b := openTab(t, startDemo(t, "-nodes", members), 1280, 800)
			b.until("the heat map is shown, and the worst links", `!document.getElementById("heat-box").hidden && document.querySelectorAll("#worst tr").length === 8 && document.querySelectorAll("#problem-list li").length === 4`)
			high := eval[int64](b, `Math.ceil(document.documentElement.scrollHeight)`)
			b.do(chromedp.EmulateViewport(1280, high))
			b.until("the heat map is drawn", `document.getElementById("heat").width > 300`)
			shot := call(b, page.CaptureScreenshot, page.CaptureScreenshotParams{}).Data
			picture, err := png.Decode(bytes.NewReader(shot))
			if err != nil {
				t.Fatal(err)
			}
			if *update {
				write(t, filepath.Join("..", "..", "docs", name), fewColours(t, picture))
			}
			if pictures != "" {
				write(t, filepath.Join(pictures, name), shot)
			}
			if bad := b.takeComplaints(); len(bad) > 0 {
				t.Errorf("the browser complains: %q", bad)
			}
		})
	}
}

// fewColours writes a picture in its 256 most frequent colours, in a third of the bytes:
// what it loses are shades at the edges of letters.
func fewColours(t *testing.T, picture image.Image) []byte {
	t.Helper()
	count := map[color.Color]int{}
	size := picture.Bounds()
	for y := size.Min.Y; y < size.Max.Y; y++ {
		for x := size.Min.X; x < size.Max.X; x++ {
			count[picture.At(x, y)]++
		}
	}
	colours := slices.SortedFunc(maps.Keys(count), func(a, b color.Color) int { return count[b] - count[a] })
	small := image.NewPaletted(size, colours[:min(len(colours), 256)])
	draw.Draw(small, size, picture, size.Min, draw.Src)
	var b bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&b, small); err != nil {
		t.Fatal(err)
	}
	if b.Len() > 200<<10 {
		t.Errorf("the picture is %d bytes", b.Len())
	}
	return b.Bytes()
}

func write(t *testing.T, file string, b []byte) {
	t.Helper()
	if err := os.WriteFile(file, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// like has the page be shown as its viewer likes it.
func (b *tab) like(feature, value string) {
	b.t.Helper()
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: feature, Value: value}}})
}
