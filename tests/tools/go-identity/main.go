// Who am I, and where, by the SDK for Go v2 with nothing but the environment and the shared config.
// Prints the ARN and the region. An argument is a config file, named in code as programs do.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, files []string) error {
	var options []func(*config.LoadOptions) error
	if len(files) > 0 {
		options = append(options, config.WithSharedConfigFiles(files))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return err
	}
	identity, err := sts.NewFromConfig(loaded).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return err
	}
	fmt.Println(*identity.Arn, loaded.Region)
	return nil
}
