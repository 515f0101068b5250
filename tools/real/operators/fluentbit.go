package main

import (
	"context"

	fluentbit "github.com/fluent/fluent-operator/v3/apis/fluentbit/v1alpha2"
	"github.com/fluent/fluent-operator/v3/apis/fluentbit/v1alpha2/plugins"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
)

// What a namespace adds to the cluster's own configuration: its parsers, then its filters and outputs with the tags that the
// operator gives to what the namespace logs.
func fluentBit(_ context.Context, objects []object) (string, error) {
	secrets, err := secretsOf(objects)
	if err != nil {
		return "", err
	}
	kept := []client.Object{}
	for index := range secrets {
		kept = append(kept, &secrets[index])
	}
	scheme := runtime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		return "", err
	}
	loader := plugins.NewSecretLoader(fake.NewClientBuilder().WithScheme(scheme).WithObjects(kept...).Build(), "fluent")

	filters, err := as[fluentbit.Filter](objects, "Filter")
	if err != nil {
		return "", err
	}
	outputs, err := as[fluentbit.Output](objects, "Output")
	if err != nil {
		return "", err
	}
	parsers, err := as[fluentbit.Parser](objects, "Parser")
	if err != nil {
		return "", err
	}
	cluster := fluentbit.ClusterFluentBitConfig{}
	parserText, err := cluster.RenderParserConfig(loader, fluentbit.ClusterParserList{}, []fluentbit.ParserList{{Items: parsers}}, nil)
	if err != nil {
		return "", err
	}
	mainText, err := cluster.RenderMainConfig(loader, fluentbit.ClusterInputList{}, fluentbit.ClusterFilterList{},
		fluentbit.ClusterOutputList{}, []fluentbit.FilterList{{Items: filters}}, []fluentbit.OutputList{{Items: outputs}}, nil)
	return parserText + mainText, err
}
