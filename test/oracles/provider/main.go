// A provider that knows a schema and does nothing: enough for Terraform to check a configuration against it, offline.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tfprotov5/tf5server"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

type attribute struct {
	Name     string `json:"name"`
	Kind     string `json:"kind"`
	Required bool   `json:"required"`
	Optional bool   `json:"optional"`
	Computed bool   `json:"computed"`
}

type block struct {
	Attributes []attribute      `json:"attributes"`
	Blocks     map[string]block `json:"blocks"`
}

type schemas struct {
	Resources map[string]block `json:"resources"`
	Data      map[string]block `json:"data"`
}

var kinds = map[string]tftypes.Type{
	"string":  tftypes.String,
	"number":  tftypes.Number,
	"boolean": tftypes.Bool,
	"strings": tftypes.List{ElementType: tftypes.String},
	"map":     tftypes.Map{ElementType: tftypes.String},
}

func (b block) made() *tfprotov5.SchemaBlock {
	made := &tfprotov5.SchemaBlock{}
	for _, a := range b.Attributes {
		made.Attributes = append(made.Attributes, &tfprotov5.SchemaAttribute{
			Name: a.Name, Type: kinds[a.Kind], Required: a.Required, Optional: a.Optional, Computed: a.Computed,
		})
	}
	for name, inner := range b.Blocks {
		made.BlockTypes = append(made.BlockTypes, &tfprotov5.SchemaNestedBlock{
			TypeName: name, Nesting: tfprotov5.SchemaNestedBlockNestingModeList, MaxItems: 1, Block: inner.made(),
		})
	}
	return made
}

func all(blocks map[string]block) map[string]*tfprotov5.Schema {
	made := map[string]*tfprotov5.Schema{}
	for name, b := range blocks {
		made[name] = &tfprotov5.Schema{Block: b.made()}
	}
	return made
}

type server struct {
	tfprotov5.ProviderServer
	known schemas
}

func (s server) GetProviderSchema(context.Context, *tfprotov5.GetProviderSchemaRequest) (*tfprotov5.GetProviderSchemaResponse, error) {
	own := block{Attributes: []attribute{
		{Name: "project", Kind: "string", Optional: true},
		{Name: "region", Kind: "string", Optional: true},
	}}
	return &tfprotov5.GetProviderSchemaResponse{
		Provider:          &tfprotov5.Schema{Block: own.made()},
		ResourceSchemas:   all(s.known.Resources),
		DataSourceSchemas: all(s.known.Data),
	}, nil
}

func (server) PrepareProviderConfig(_ context.Context, r *tfprotov5.PrepareProviderConfigRequest) (*tfprotov5.PrepareProviderConfigResponse, error) {
	return &tfprotov5.PrepareProviderConfigResponse{PreparedConfig: r.Config}, nil
}

func (server) ValidateResourceTypeConfig(context.Context, *tfprotov5.ValidateResourceTypeConfigRequest) (*tfprotov5.ValidateResourceTypeConfigResponse, error) {
	return &tfprotov5.ValidateResourceTypeConfigResponse{}, nil
}

func (server) ValidateDataSourceConfig(context.Context, *tfprotov5.ValidateDataSourceConfigRequest) (*tfprotov5.ValidateDataSourceConfigResponse, error) {
	return &tfprotov5.ValidateDataSourceConfigResponse{}, nil
}

func (server) StopProvider(context.Context, *tfprotov5.StopProviderRequest) (*tfprotov5.StopProviderResponse, error) {
	return &tfprotov5.StopProviderResponse{}, nil
}

func main() {
	text, err := os.ReadFile(os.Getenv("FAASTEN_SCHEMAS"))
	if err != nil {
		log.Fatal(err)
	}
	var known schemas
	if err := json.Unmarshal(text, &known); err != nil {
		log.Fatal(err)
	}
	err = tf5server.Serve("faasten.dev/oracle/google", func() tfprotov5.ProviderServer { return server{known: known} })
	if err != nil {
		log.Fatal(err)
	}
}
