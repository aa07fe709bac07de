// SPDX-License-Identifier: MIT

package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/config"
)

func newConversionCommand() *cobra.Command {
	s := newServiceFlags()
	cmd := &cobra.Command{
		Use:     "conversion",
		Aliases: []string{"conversions"},
		Short:   "Create, show, list and await conversions of models",
		Long: `Create, show, list and await conversions of models. A conversion makes an asset that a session can
load from a model in Azure Blob storage. "arr convert" does everything at once, from a folder on this
machine on.

The identity needs the role Remote Rendering Administrator. The service keeps conversions for 30
days. It has no request that cancels or deletes one.`,
		Args: knownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	flags := cmd.PersistentFlags()
	flags.SortFlags = false
	addConversionServiceFlags(s, flags)
	completeWords(cmd, words())
	cmd.AddCommand(
		newConversionCreateCommand(s),
		newConversionGetCommand(s),
		newConversionListCommand(s),
		newConversionWaitCommand(s),
	)
	return cmd
}

// addConversionServiceFlags adds the flags of every command about conversions.
func addConversionServiceFlags(s *serviceFlags, flags *pflag.FlagSet) {
	s.addServiceFlags(flags)
	flags.Lookup("emulator").Usage = "use an emulator in this process, without any settings; it has one " +
		"conversion, " + sampleSession + ", and ends with the command"
	flags.Lookup("timeout").Usage = "`TIME` after which the command gives up, such as 90s (default: none)"
	s.addFileFlags(flags)
	flags.Lookup("arrconfig").Usage =
		"settings `FILE` of Conversion.ps1 (default: arrconfig.json in the working folder)"
	s.addOutputFlags(flags)
}

// addStorageFlags adds where models and results are, and how to sign in to storage.
func (s *serviceFlags) addStorageFlags(flags *pflag.FlagSet) {
	s.addText(flags, config.StorageAccount, "`NAME` of the storage account")
	s.addText(
		flags,
		config.StorageEndpoint,
		"`ADDRESS` of the Blob service (default: https://<account>.blob.core.windows.net)",
	)
	s.addText(
		flags,
		config.StorageSecretFile,
		"`FILE` with a connection string, a SAS or the key of the storage account (default: "+
			"AZURE_STORAGE_CONNECTION_STRING, AZURE_STORAGE_SAS_TOKEN or AZURE_STORAGE_KEY, else Microsoft Entra)",
	)
	s.addSwitch(
		flags,
		config.UseSAS,
		"give the service a SAS for both containers, made for this conversion (default: the storage "+
			"account is linked to the Remote Rendering account)",
	)
	s.addText(flags, config.InputContainer, "`CONTAINER` of the model, a name or an address")
	s.addText(flags, config.InputFolder, "`FOLDER` of the model in its container (default: none)")
	s.addText(flags, config.Asset, "`PATH` of the model below the input folder, such as arm/arm.fbx")
	s.addText(flags, config.OutputContainer, "`CONTAINER` of the result, a name or an address")
	s.addText(flags, config.OutputFolder, "`FOLDER` of the result in its container (default: none)")
	s.addText(
		flags,
		config.OutputName,
		"`NAME` of the result, which ends in .arrAsset (default: that of the model)",
	)
}
