{{/* Labels that select the pods of a service: (dict "root" $ "service" "worker") */}}
{{- define "slo-streams.selector" -}}
app.kubernetes.io/name: slo-streams
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .service }}
{{- end }}

{{- define "slo-streams.labels" -}}
{{ include "slo-streams.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- define "slo-streams.name" -}}
{{ printf "%s-%s" .root.Release.Name .service | trunc 52 }}
{{- end }}

{{/* The pod of a service: (dict "root" $ "service" NAME "port" HEALTH_PORT "listen" PORT "settings" MAP "resources" MAP) */}}
{{- define "slo-streams.pod" -}}
metadata:
  labels: {{- include "slo-streams.labels" . | nindent 4 }}
  annotations:
    checksum/objectives: {{ toJson .root.Values.objectives | sha256sum }}
    {{- with .root.Values.podAnnotations }}{{ toYaml . | nindent 4 }}{{ end }}
spec:
  automountServiceAccountToken: false
  enableServiceLinks: false
  # Session timeout and transaction timeout fit in twice.
  terminationGracePeriodSeconds: 45
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    fsGroup: 65532
    seccompProfile: {type: RuntimeDefault}
  {{- with .root.Values.imagePullSecrets }}
  imagePullSecrets: {{- toYaml . | nindent 4 }}
  {{- end }}
  topologySpreadConstraints:
    {{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
    - maxSkew: 1
      topologyKey: {{ $key }}
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels: {{- include "slo-streams.selector" $ | nindent 10 }}
    {{- end }}
  containers:
    - name: slo-streams-{{ .service }}
      image: "{{ .root.Values.image.repository }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}"
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      args: [supervise, {{ .service }}]
      env:
        {{- if eq .service "worker" }}
        - name: SLO_INSTANCE_ID
          valueFrom: {fieldRef: {fieldPath: metadata.name}}
        {{- end }}
        {{- if .root.Values.objectives }}
        - name: SLO_OBJECTIVES
          value: {{ range $at, $name := keys .root.Values.objectives | sortAlpha }}{{ if $at }},{{ end }}/etc/slo-streams/{{ $name }}{{ end }}
        {{- end }}
        {{- range $name, $value := merge (deepCopy .settings) .root.Values.settings }}
        - name: {{ $name }}
          value: {{ $value | quote }}
        {{- end }}
        {{- range $name, $_ := .root.Values.secrets }}
        - name: {{ $name }}_FILE
          value: /run/secrets/slo-streams/{{ $name }}
        {{- end }}
      ports:
        - {name: health, containerPort: {{ .port }}}
        {{- if and .listen (ne (int .listen) (int .port)) }}
        - {name: http, containerPort: {{ .listen }}}
        {{- end }}
      startupProbe:
        httpGet: {path: /live, port: health}
        periodSeconds: 2
        failureThreshold: 60
      # Slower than SLO_WATCHDOG, which knows better whether work goes on.
      livenessProbe:
        httpGet: {path: /live, port: health}
        periodSeconds: 10
        timeoutSeconds: 3
        failureThreshold: 9
      readinessProbe:
        httpGet: {path: /ready, port: health}
        periodSeconds: 5
        timeoutSeconds: 3
      {{- if .listen }}
      lifecycle:
        preStop: {exec: {command: [sleep, "5"]}}
      {{- end }}
      resources: {{- toYaml .resources | nindent 8 }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: {drop: [ALL]}
      volumeMounts:
        - {name: tmp, mountPath: /tmp}
        {{- if .root.Values.objectives }}
        - {name: objectives, mountPath: /etc/slo-streams, readOnly: true}
        {{- end }}
        {{- if .root.Values.secrets }}
        - {name: secrets, mountPath: /run/secrets/slo-streams, readOnly: true}
        {{- end }}
  volumes:
    - name: tmp
      emptyDir: {sizeLimit: 64Mi}
    {{- if .root.Values.objectives }}
    - name: objectives
      configMap: {name: {{ .root.Release.Name }}-objectives}
    {{- end }}
    {{- if .root.Values.secrets }}
    - name: secrets
      projected:
        defaultMode: 0440
        sources:
          {{- range $name, $of := .root.Values.secrets }}
          - secret: {name: {{ $of.secret }}, items: [{key: {{ $of.key }}, path: {{ $name }}}]}
          {{- end }}
    {{- end }}
  {{- with .root.Values.nodeSelector }}
  nodeSelector: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .root.Values.tolerations }}
  tolerations: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
