{{/* The name that all objects begin with: the release's own where it says hc already. */}}
{{- define "hc.name" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains "hc" .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-hc" (.Release.Name | trunc 47 | trimSuffix "-") -}}
{{- end -}}
{{- end -}}

{{/* Labels of the pods of one part, which selectors use: they never change. */}}
{{- define "hc.selector" -}}
app.kubernetes.io/name: hc
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .part }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end -}}

{{- define "hc.labels" -}}
{{ include "hc.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "hc.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end -}}

{{/* Drain delay and timeout, and time to spare: the process ends by itself before it is killed. */}}
{{- define "hc.grace" -}}
{{- add .Values.drain.delay .Values.drain.timeout 10 -}}
{{- end -}}

{{/* Nine tenths of a memory limit, in bytes; nothing where there is no limit.
     Go collects harder before the kernel kills. */}}
{{- define "hc.memoryLimit" -}}
{{- with .limits -}}
{{- with .memory -}}
{{- $units := dict "" 1 "k" 1000 "M" 1000000 "G" 1000000000 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 -}}
{{- $unit := regexReplaceAll "^[0-9]+" (toString .) "" -}}
{{- if not (hasKey $units $unit) -}}
{{- fail (printf "resources.limits.memory: %s is not understood: write it as 256Mi or 1Gi" (toString .)) -}}
{{- end -}}
{{- div (mul (regexFind "^[0-9]+" (toString .) | int64) (get $units $unit) 9) 10 -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Flags from values, sorted: {key: value} is --key=value, a list repeats the flag.
     Those that the chart itself sets are refused, since the rest of it relies on them. */}}
{{- define "hc.flags" -}}
{{- range $name, $value := .flags }}
{{- if has $name (list "listen" "admin-listen" "workers" "cache" "cache-ttl" "drain-delay" "drain-timeout" "keys-file" "allow-anonymous" "allow-cidr" "deny-cidr" "allow-port" "tls-cert" "tls-key" "tls-ca") }}
{{- fail (printf "%s.flags.%s: there is a value of the chart for it, see README.md" $.part $name) }}
{{- end }}
{{- range (kindIs "slice" $value | ternary $value (list $value)) }}
- {{ printf "--%s=%v" $name (kindIs "float64" . | ternary (toJson .) .) | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Flags that gateway and worker have in common. */}}
{{- define "hc.commonFlags" -}}
- --admin-listen=:9100
- --drain-delay={{ .Values.drain.delay }}s
- --drain-timeout={{ .Values.drain.timeout }}s
{{- with .Values.cache.ttl }}
- {{ printf "--cache-ttl=%s" . | quote }}
{{- end }}
{{- range .Values.targets.allowCIDR }}
- --allow-cidr={{ . }}
{{- end }}
{{- range .Values.targets.denyCIDR }}
- --deny-cidr={{ . }}
{{- end }}
{{- range .Values.targets.allowPorts }}
- --allow-port={{ . }}
{{- end }}
{{- if .Values.mtls.workerSecret }}
{{ include "hc.tlsFlags" . }}
{{- end }}
{{- end -}}

{{- define "hc.tlsFlags" -}}
- --tls-cert=/etc/hc/tls/tls.crt
- --tls-key=/etc/hc/tls/tls.key
- --tls-ca=/etc/hc/tls/ca.crt
{{- end -}}

{{/* What is the same in the pods of gateway and worker. */}}
{{- define "hc.pod" -}}
automountServiceAccountToken: false
# Else a Service called hc-… would give each container variables HC_…, which are settings.
enableServiceLinks: false
terminationGracePeriodSeconds: {{ include "hc.grace" .root }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  seccompProfile: { type: RuntimeDefault }
# The names of targets are whole: no look-ups along the cluster's search list first.
dnsConfig:
  options: [{ name: ndots, value: "1" }]
topologySpreadConstraints:
{{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "hc.selector" $ | nindent 8 }}
{{- end }}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "hc.container" -}}
image: {{ include "hc.image" .root | quote }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
resources: {{- toYaml .values.resources | nindent 2 }}
{{- end -}}
