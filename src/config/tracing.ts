import { readUrl } from './network.js'
import { ConfigError, quote, type Reader } from './reader.js'

export interface TracingConfig {
  /** where spans are posted to, OTLP over HTTP in JSON */
  url: string
  headers: Record<string, string>
  serviceName: string
  /** share of the requests that are traced, unless a trusted proxy has decided */
  sampleRatio: number
}

/** Reads OpenTelemetry's own variables, of which the endpoint switches tracing on; null: off. */
export function readTracing(reader: Reader): TracingConfig | null {
  const endpoint = readUrl(reader, 'OTEL_EXPORTER_OTLP_ENDPOINT', ['http:', 'https:'])
  const isDisabled = reader.flag('OTEL_SDK_DISABLED', false)
  const sampler = reader.oneOf(
    'OTEL_TRACES_SAMPLER',
    ['parentbased_always_on', 'parentbased_traceidratio'],
    'parentbased_always_on',
  )
  const settings = {
    url: `${endpoint?.replace(/\/+$/, '')}/v1/traces`,
    headers: readHeaders(reader),
    serviceName: reader.text('OTEL_SERVICE_NAME') ?? 'houselights',
    sampleRatio: readRatio(reader, sampler === 'parentbased_traceidratio'),
  }
  return endpoint === null || isDisabled ? null : settings
}

/** `name=value,name=value`, percent-encoded as in W3C Baggage. They may hold a key, so errors do not quote them. */
function readHeaders(reader: Reader): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const entry of reader.list('OTEL_EXPORTER_OTLP_HEADERS')) {
    const [, name = '', value = ''] =
      /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+)\s*=\s*([\x21-\x7e]+)$/.exec(entry) ?? []
    const decoded = decode(value)
    if (name === '' || decoded === null) {
      throw new ConfigError(
        'OTEL_EXPORTER_OTLP_HEADERS',
        'is malformed: allowed is name=value,name=value, with percent-encoded values.',
      )
    }
    headers[name] = decoded
  }
  return headers
}

function decode(value: string): string | null {
  try {
    const decoded = decodeURIComponent(value)
    return /^[\x20-\x7e]+$/.test(decoded) ? decoded : null
  } catch {
    return null
  }
}

function readRatio(reader: Reader, isRatio: boolean): number {
  const raw = reader.text('OTEL_TRACES_SAMPLER_ARG')
  if (raw === null || !isRatio) return 1
  if (/^(?:0(?:\.\d{1,9})?|1(?:\.0{1,9})?)$/.test(raw)) return Number(raw)
  throw new ConfigError('OTEL_TRACES_SAMPLER_ARG', `is ${quote(raw)}: allowed is a number from 0 to 1.`)
}
