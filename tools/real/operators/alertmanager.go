package main

import (
	"context"
	"log/slog"

	"github.com/blang/semver/v4"
	alertmanagerpkg "github.com/prometheus-operator/prometheus-operator/pkg/alertmanager"
	validation "github.com/prometheus-operator/prometheus-operator/pkg/alertmanager/validation/v1alpha1"
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	monitoringv1alpha1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1alpha1"
	"github.com/prometheus-operator/prometheus-operator/pkg/assets"
)

// The Alertmanager that reads it: that of Debian, which the proofs run.
var alertmanagerVersion = semver.MustParse("0.25.0")

// What an Alertmanager of the operator has without anybody's objects.
const emptyConfiguration = `{"route": {"receiver": "null"}, "receivers": [{"name": "null"}]}`

func alertmanager(ctx context.Context, objects []object) (string, error) {
	secrets, err := secretsOf(objects)
	if err != nil {
		return "", err
	}
	configs, err := as[monitoringv1alpha1.AlertmanagerConfig](objects, "AlertmanagerConfig")
	if err != nil {
		return "", err
	}
	store := assets.NewTestStoreBuilder()
	for index := range secrets {
		if err := store.AddObject(&secrets[index]); err != nil {
			return "", err
		}
	}
	builder := alertmanagerpkg.NewConfigBuilder(slog.New(slog.DiscardHandler), alertmanagerVersion, store, &monitoringv1.Alertmanager{})
	if err := builder.InitializeFromRawConfiguration([]byte(emptyConfiguration)); err != nil {
		return "", err
	}
	named := map[string]*monitoringv1alpha1.AlertmanagerConfig{}
	for index := range configs {
		if err := validation.ValidateAlertmanagerConfig(&configs[index]); err != nil {
			return "", err
		}
		named[configs[index].Namespace+"/"+configs[index].Name] = &configs[index]
	}
	if err := builder.AddAlertmanagerConfigs(ctx, named); err != nil {
		return "", err
	}
	text, err := builder.MarshalJSON()
	return string(text), err
}
