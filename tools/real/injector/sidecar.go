package main

import (
	"fmt"
	"strings"

	"github.com/dapr/dapr/pkg/injector/patcher"
	corev1 "k8s.io/api/core/v1"
)

type settings struct {
	image        string
	runAsNonRoot bool
	readOnlyRoot bool
	dropAll      bool
	trustAnchors []byte
}

// A control plane as `helm install dapr dapr/dapr -n dapr-system` makes it.
const (
	controlPlane  = "dapr-system"
	clusterDomain = "cluster.local"
	trustDomain   = "cluster.local"
	schedulers    = 3
)

// Nodes of these are virtual, and do not know the image's entrypoint.
var withoutEntrypoint = []corev1.Toleration{
	{Effect: "NoSchedule", Key: "alibabacloud.com/eci"},
	{Effect: "NoSchedule", Key: "azure.com/aci"},
	{Effect: "NoSchedule", Key: "aws"},
	{Effect: "NoSchedule", Key: "huawei.com/cci"},
}

// sidecar is set in the order of getPodPatchOperations: annotations come last, for they win. Pluggable components are left
// out, since only a cluster knows them.
func (s settings) sidecar(pod *corev1.Pod, namespace string) *patcher.SidecarConfig {
	sidecar := patcher.NewSidecarConfig(pod)
	sidecar.Namespace = namespace
	sidecar.Identity = namespace + ":" + pod.Spec.ServiceAccountName
	sidecar.SidecarImage = s.image
	sidecar.ImagePullPolicy = corev1.PullIfNotPresent
	sidecar.IgnoreEntrypointTolerations = withoutEntrypoint
	sidecar.RunAsNonRoot = s.runAsNonRoot
	sidecar.ReadOnlyRootFilesystem = s.readOnlyRoot
	sidecar.SidecarDropALLCapabilities = s.dropAll
	sidecar.MTLSEnabled = true
	sidecar.CurrentTrustAnchors = s.trustAnchors
	findControlPlane(sidecar)
	sidecar.SetFromPodAnnotations()
	return sidecar
}

func findControlPlane(sidecar *patcher.SidecarConfig) {
	sidecar.ControlPlaneNamespace = controlPlane
	sidecar.ControlPlaneTrustDomain = trustDomain
	sidecar.SentrySPIFFEID = fmt.Sprintf("spiffe://%s/ns/%s/dapr-sentry", trustDomain, controlPlane)
	sidecar.OperatorAddress = patcher.ServiceAPI.Address(controlPlane, clusterDomain)
	sidecar.SentryAddress = patcher.ServiceSentry.Address(controlPlane, clusterDomain)
	sidecar.PlacementAddress = patcher.ServicePlacement.Address(controlPlane, clusterDomain)
	addresses := patcher.ServiceScheduler.AddressAllInstances(schedulers, controlPlane, clusterDomain)
	sidecar.SchedulerAddress = strings.Join(addresses, ",")
	sidecar.SchedulerAddressDNSA = fmt.Sprintf("dapr-scheduler-server-a.%s.svc.%s:443", controlPlane, clusterDomain)
}
