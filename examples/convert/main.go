// SPDX-License-Identifier: MIT

// Convert makes an asset that a session can load from a model: upload it to Blob storage, convert it,
// wait, and find out which size of session shows it.
//
// It runs as it is: unless the environment names a service, it uses the emulator, in this process;
// and unless AZURE_STORAGE_CONNECTION_STRING names a storage account, nothing is uploaded and the
// emulator makes the conversion up. With Azurite, the emulator of storage, it reads and writes blobs:
//
//	go run ./examples/convert
//	npx azurite-blob &
//	AZURE_STORAGE_CONNECTION_STRING=... go run ./examples/convert model.glb
//
// To talk to a service, set ARR_ENDPOINT, ARR_ACCOUNT_ID, ARR_ACCOUNT_KEY, and ARR_ACCOUNT_DOMAIN or
// ARR_STS_ENDPOINT.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	arr "github.com/arr-go/azremoterendering"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	model := ""
	if len(os.Args) > 1 {
		model = os.Args[1]
	}
	if err := run(ctx, os.Stdout, model, time.Second); err != nil {
		fmt.Fprintln(os.Stderr, "convert:", err)
		os.Exit(1)
	}
}

// run converts a model, by default the one that comes with this module. It polls the service so
// often; the default of the client is every 10 seconds.
func run(ctx context.Context, out io.Writer, model string, frequency time.Duration) error {
	content, err := readModel(&model)
	if err != nil {
		return err
	}
	store, err := findStorage(ctx, out)
	if err != nil {
		return err
	}
	client, closeService, err := findService(out, store)
	if err != nil {
		return err
	}
	defer closeService()

	asset := filepath.Base(model)
	settings, err := store.upload(ctx, asset, content)
	if err != nil {
		return err
	}
	converted, err := convert(ctx, out, client, settings, frequency)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "A session loads %s\n", converted.OutputAssetURL)
	return advise(ctx, out, store, converted)
}

// convert is what this example is about; everything else is there so that it runs.
func convert(
	ctx context.Context,
	out io.Writer,
	client *arr.ConversionsClient,
	settings arr.ConversionSettings,
	frequency time.Duration,
) (arr.Conversion, error) {
	id := "example-" + arr.NewConversionID()
	poller, err := client.BeginCreate(ctx, id, settings, nil)
	if err != nil {
		return arr.Conversion{}, err // says what to do, for example if storage is not linked
	}
	start := time.Now()
	ended, err := poller.PollUntilDone(ctx, &arr.PollConversionOptions{
		Frequency: frequency,
		Progress: func(conversion arr.Conversion) {
			fmt.Fprintf(out, "  %4.1f s  %s\n", time.Since(start).Seconds(), conversion.Status)
		},
	})
	if failed, ok := errors.AsType[*arr.ConversionFailedError](err); ok {
		return arr.Conversion{}, fmt.Errorf("the model was not converted: %s: %s", failed.Code, failed.Message)
	}
	return ended.Conversion, err
}

// advise reads the info file that the conversion has left, and says which size of session fits.
func advise(ctx context.Context, out io.Writer, store *store, converted arr.Conversion) error {
	info, err := store.info(ctx, converted.Settings)
	if err != nil || info == nil {
		return err
	}
	advice, err := arr.NewSizeAdvice(info)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "It has %d polygons: create a session of size %s\n", advice.Polygons, advice.Size)
	return nil
}

// readModel reads the model. An empty name becomes that of the model that comes with this module.
func readModel(name *string) ([]byte, error) {
	if *name != "" {
		return os.ReadFile(*name)
	}
	*name = filepath.Join("testdata", "models", "pavilion.glb")
	content, err := os.ReadFile(*name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, errors.New("name a model, or run this example in the root folder of the module")
	}
	return content, err
}
