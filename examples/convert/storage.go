// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"

	arr "github.com/arr-go/azremoterendering"
)

// The containers and folders of this example.
const (
	inputContainer  = "example-input"
	outputContainer = "example-output"
	inputFolder     = "models"
	outputFolder    = "assets"
)

// store is Blob storage, or nothing.
type store struct {
	input, output *container.Client // nil without storage
}

// findStorage returns the storage account that the environment names, with containers.
func findStorage(ctx context.Context, out io.Writer) (*store, error) {
	connection := os.Getenv("AZURE_STORAGE_CONNECTION_STRING")
	if connection == "" {
		fmt.Fprintln(out, "No AZURE_STORAGE_CONNECTION_STRING is set, so nothing is uploaded")
		return &store{}, nil
	}
	client, err := azblob.NewClientFromConnectionString(connection, nil)
	if err != nil {
		return nil, err
	}
	s := &store{
		input:  client.ServiceClient().NewContainerClient(inputContainer),
		output: client.ServiceClient().NewContainerClient(outputContainer),
	}
	for _, c := range []*container.Client{s.input, s.output} {
		if _, err := c.Create(ctx, nil); err != nil && !bloberror.HasCode(err, bloberror.ContainerAlreadyExists) {
			return nil, err
		}
	}
	return s, nil
}

// upload uploads the model, and returns the settings of its conversion, with a SAS for each container:
// the service reads the input folder and writes to the output folder. A SAS is a secret.
func (s *store) upload(ctx context.Context, asset string, content []byte) (arr.ConversionSettings, error) {
	settings := arr.ConversionSettings{
		Input:  arr.ConversionInput{BlobPrefix: inputFolder, RelativeInputAssetPath: asset},
		Output: arr.ConversionOutput{BlobPrefix: outputFolder},
	}
	if s.input == nil { // storage that is linked to the account needs no SAS
		const account = "https://example.blob.core.windows.net/"
		settings.Input.StorageContainerURL = account + inputContainer
		settings.Output.StorageContainerURL = account + outputContainer
		return settings, nil
	}
	blob := s.input.NewBlockBlobClient(path.Join(inputFolder, asset))
	if _, err := blob.UploadBuffer(ctx, content, nil); err != nil {
		return settings, err
	}
	var err error
	in, out := &settings.Input, &settings.Output
	in.StorageContainerURL, in.StorageContainerReadListSAS, err = sign(
		s.input, sas.ContainerPermissions{Read: true, List: true})
	if err == nil {
		out.StorageContainerURL, out.StorageContainerWriteSAS, err = sign(
			s.output, sas.ContainerPermissions{Write: true})
	}
	return settings, err
}

// sign returns the address of a container and a SAS for it that lasts for a day.
func sign(c *container.Client, permissions sas.ContainerPermissions) (address, query string, err error) {
	signed, err := c.GetSASURL(permissions, time.Now().Add(24*time.Hour), nil)
	address, query, _ = strings.Cut(signed, "?")
	return address, query, err
}

// info returns the info file of a conversion, nil without storage.
func (s *store) info(ctx context.Context, settings arr.ConversionSettings) ([]byte, error) {
	if s.output == nil {
		return nil, nil
	}
	asset := path.Base(settings.Input.RelativeInputAssetPath)
	name := path.Join(outputFolder, strings.TrimSuffix(asset, path.Ext(asset))+".info.json")
	resp, err := s.output.NewBlobClient(name).DownloadStream(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(io.LimitReader(resp.Body, 1<<20))
}
