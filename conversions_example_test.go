// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/arr-go/azremoterendering"
)

// containers says what to convert. A SAS comes from a secret store, and is never printed.
func containers(model string) azremoterendering.ConversionSettings {
	return azremoterendering.ConversionSettings{
		Input: azremoterendering.ConversionInput{
			StorageContainerURL:         "https://demo.blob.core.windows.net/input",
			StorageContainerReadListSAS: "sv=2024-11-04&sr=c&sp=rl&sig=a-signature",
			RelativeInputAssetPath:      model,
		},
		Output: azremoterendering.ConversionOutput{
			StorageContainerURL:      "https://demo.blob.core.windows.net/output",
			StorageContainerWriteSAS: "sv=2024-11-04&sr=c&sp=w&sig=a-signature",
		},
	}
}

func ExampleConversionsClient_BeginCreate() {
	ctx := context.Background()
	// of the same account, with the same sign-in
	client := newExampleClient().NewConversionsClient()
	poller, err := client.BeginCreate(ctx, "pavilion", containers("pavilion.glb"), nil)
	if err != nil {
		log.Fatal(err)
	}
	done, err := poller.PollUntilDone(ctx, &azremoterendering.PollConversionOptions{Frequency: 1})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(done.Status, done.OutputAssetURL)
	// Output: Succeeded https://demo.blob.core.windows.net/output/pavilion.arrAsset
}

func ExampleConversionFailedError() {
	ctx := context.Background()
	client := newExampleClient().NewConversionsClient()
	poller, err := client.BeginCreate(ctx, "missing", containers("DoesNotExist.glb"), nil)
	if err != nil {
		log.Fatal(err)
	}
	_, err = poller.PollUntilDone(ctx, &azremoterendering.PollConversionOptions{Frequency: 1})
	var failed *azremoterendering.ConversionFailedError
	if errors.As(err, &failed) {
		fmt.Println(failed.Conversion.ID, failed.Conversion.Status, failed.Code)
	}
	// Output: missing Failed InputContainerError
}

func ExampleConversionsClient_All() {
	ctx := context.Background()
	client := newExampleClient().NewConversionsClient()
	if _, err := client.BeginCreate(ctx, "pavilion", containers("pavilion.glb"), nil); err != nil {
		log.Fatal(err)
	}
	for conversion, err := range client.All(ctx, nil) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(conversion.ID, conversion.Settings.Input.RelativeInputAssetPath)
	}
	// Output: pavilion pavilion.glb
}

// Many conversions are awaited with list requests, whose number grows with the pages of the list and
// not with the conversions. A poller for each of 1,000 sends 100 requests a second.
func ExampleConversionsClient_All_many() {
	ctx := context.Background()
	client := newExampleClient().NewConversionsClient()
	waiting := map[string]bool{"arm": true, "pavilion": true}
	for id := range waiting {
		if _, err := client.BeginCreate(ctx, id, containers(id+".glb"), nil); err != nil {
			log.Fatal(err)
		}
	}
	for {
		for conversion, err := range client.All(ctx, nil) {
			if err != nil && !azremoterendering.IsTransient(err) {
				log.Fatal(err)
			}
			if err == nil && waiting[conversion.ID] && conversion.Status.Ended() {
				delete(waiting, conversion.ID)
				fmt.Println(conversion.ID, conversion.Status)
			}
		}
		if len(waiting) == 0 {
			break
		}
		time.Sleep(10 * time.Second)
	}
	// Unordered output:
	// arm Succeeded
	// pavilion Succeeded
}

func ExampleConversionsClient_BeginWait() {
	ctx := context.Background()
	client := newExampleClient().NewConversionsClient()
	if _, err := client.BeginCreate(ctx, "pavilion", containers("pavilion.glb"), nil); err != nil {
		log.Fatal(err)
	}
	poller, err := client.BeginWait(ctx, "pavilion", nil) // for example in another program
	if err != nil {
		log.Fatal(err)
	}
	done, err := poller.PollUntilDone(ctx, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(done.ID, done.Status)
	// Output: pavilion Succeeded
}
