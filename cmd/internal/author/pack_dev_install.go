package author

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/petrelhq/petrel/core/registry"
	"github.com/petrelhq/petrel/sdk/client"
)

const (
	uploadPart  = 1 << 20         // bytes that go to the server at once
	installTime = 5 * time.Minute // that the server may take to look into a pack
)

// install puts the pack on the server, in place of what is there of it.
func (d *developing) install(ctx context.Context, f *packFolder) error {
	var archive bytes.Buffer
	sum, err := registry.Pack(&archive, os.DirFS(f.dir))
	if err != nil {
		return err
	}
	server := d.server.Within(installTime)
	for n := 0; archive.Len() > 0; n++ {
		answer, err := server.PutBytes(ctx, client.Path("packs", "stage", sum.SHA256, strconv.Itoa(n)), archive.Next(uploadPart))
		if err != nil {
			return err
		}
		if answer["known"] == true {
			break
		}
	}
	plan, err := server.Post(ctx, "/packs/stage", client.Object{"digest": sum.SHA256})
	if err != nil {
		return err
	}
	if err := d.accept(plan); err != nil {
		return err
	}
	consent := client.Object{"accept": plan["asks"], "force": false}
	_, err = server.Post(ctx, client.Path("packs", "stage", sum.SHA256, "install"), consent)
	return err
}

// accept tells what installing a pack means, and refuses what has to be granted first.
func (d *developing) accept(plan client.Object) error {
	for _, warning := range texts(plan["warnings"]) {
		fmt.Fprintln(d.out, "warning:", warning)
	}
	asks := texts(plan["asks"])
	if len(asks) == 0 {
		return nil
	}
	list := "  " + strings.Join(asks, "\n  ")
	if !d.yes {
		return errors.New("the pack asks for permissions that it was not granted:\n" + list + "\ngrant them by ending this and beginning again with --yes")
	}
	_, err := fmt.Fprintf(d.out, "granted by --yes:\n%s\n", list)
	return err
}

// texts are the texts in a list of the server's.
func texts(v any) []string {
	list, _ := v.([]any)
	var all []string
	for _, item := range list {
		if text, ok := item.(string); ok {
			all = append(all, text)
		}
	}
	return all
}
