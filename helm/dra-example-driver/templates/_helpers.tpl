{{/* Names and labels, as helm charts usually have them. */}}
{{- define "driver.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "driver.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 48 | trimSuffix "-" }}
{{- else if contains (include "driver.name" .) .Release.Name }}
{{- .Release.Name | trunc 48 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "driver.name" .) | trunc 48 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "driver.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride }}
{{- end }}

{{/*
Which DRA this is: modern or classic. A server says what it serves. Without one (helm template) helm names what its own
client library knows; the version of Kubernetes tells the rest.
*/}}
{{- define "driver.apiGeneration" -}}
{{- $served := .Capabilities.APIVersions }}
{{- $version := .Capabilities.KubeVersion.Version }}
{{- if .Values.apiGeneration }}
{{- .Values.apiGeneration }}
{{- else if and ($served.Has "resource.k8s.io/v1") (semverCompare ">=1.34.0-0" $version) }}
{{- "modern" }}
{{- else if and ($served.Has "resource.k8s.io/v1alpha2") (semverCompare "<1.31.0-0" $version) }}
{{- "classic" }}
{{- else }}
{{- fail (printf "Kubernetes %s serves neither resource.k8s.io/v1 (by default from 1.34 on) nor resource.k8s.io/v1alpha2 (1.27 to 1.30: switch on the feature gate DynamicResourceAllocation on all components, and --runtime-config=resource.k8s.io/v1alpha2=true on the API server). To render for a cluster that helm cannot ask, set apiGeneration to modern or classic" $version) }}
{{- end }}
{{- end }}

{{- define "driver.isClassic" -}}
{{- if eq (include "driver.apiGeneration" .) "classic" }}true{{ end }}
{{- end }}

{{/* Name of the class that selects the driver's devices, in both generations. */}}
{{- define "driver.className" -}}
{{- default (printf "%s.example.com" .Values.deviceProfile) .Values.driverName }}
{{- end }}

{{/* Classic drivers are named like the API group of their parameters. */}}
{{- define "driver.driverName" -}}
{{- $suffix := ternary "resource.example.com" "example.com" (eq (include "driver.apiGeneration" .) "classic") }}
{{- default (printf "%s.%s" .Values.deviceProfile $suffix) .Values.driverName }}
{{- end }}

{{/* As the controller names it. */}}
{{- define "driver.leaseName" -}}
{{- include "driver.driverName" . | replace "." "-" }}
{{- end }}

{{- define "driver.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "driver.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- required "serviceAccount.name is needed when serviceAccount.create is false" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "driver.controllerServiceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (printf "%s-controller" (include "driver.fullname" .)) .Values.serviceAccount.controllerName }}
{{- else }}
{{- required "serviceAccount.controllerName is needed when serviceAccount.create is false" .Values.serviceAccount.controllerName }}
{{- end }}
{{- end }}

{{- define "driver.webhookServiceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (printf "%s-webhook" (include "driver.fullname" .)) .Values.serviceAccount.webhookName }}
{{- else }}
{{- required "serviceAccount.webhookName is needed when serviceAccount.create is false" .Values.serviceAccount.webhookName }}
{{- end }}
{{- end }}

{{/* The Secret with the webhook's certificate. */}}
{{- define "driver.webhookSecretName" -}}
{{- if eq .Values.webhook.certificateFrom "secret" }}
{{- .Values.webhook.certificateSecretName }}
{{- else }}
{{- printf "%s-webhook-certificate" (include "driver.fullname" .) }}
{{- end }}
{{- end }}

{{- define "driver.image" -}}
{{- printf "%s:%s" .Values.image.repository (default (printf "v%s" .Chart.AppVersion) .Values.image.tag) }}
{{- end }}

{{- define "driver.selectorLabels" -}}
app.kubernetes.io/name: {{ include "driver.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "driver.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{ include "driver.selectorLabels" . }}
{{- end }}

{{/* The policies are of admissionregistration.k8s.io/v1, which servers have from Kubernetes 1.30 on. */}}
{{- define "driver.hasAdmissionPolicies" -}}
{{- if and .Values.admissionPolicy.enabled (semverCompare ">=1.30.0-0" .Capabilities.KubeVersion.Version) }}true{{ end }}
{{- end }}

{{/* For admission policies: requests of the plugin's ServiceAccount. */}}
{{- define "driver.isKubeletPlugin" -}}
- name: isKubeletPlugin
  expression: >-
    request.userInfo.username ==
    "system:serviceaccount:{{ include "driver.namespace" . }}:{{ include "driver.serviceAccountName" . }}"
{{- end }}

{{/* For admission policies: the node that the token is bound to, through its pod; "" if it is bound to none. */}}
{{- define "driver.tokenNode" -}}
- name: tokenNode
  expression: >-
    request.userInfo.extra[?"authentication.kubernetes.io/node-name"][0].orValue("")
{{- end }}

{{/*
For the webhook's conditions: the configurations in `object` or `oldObject`, whose name is the argument. A claim has them
at the first place, a template at the second, a class at the third.
*/}}
{{- define "driver.configurationsOf" -}}
{{ . }}.?spec.?devices.?config.or({{ . }}.?spec.?spec.?devices.?config).or({{ . }}.?spec.?config).orValue([])
{{- end }}
