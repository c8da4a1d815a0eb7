import AjvCompiler from '@fastify/ajv-compiler'
import SerializerCompiler from '@fastify/fast-json-stringify-compiler'

const buildValidator = AjvCompiler()
const buildSerializer = SerializerCompiler()

type CompileValidator = ReturnType<typeof buildValidator>
type CompileSerializer = ReturnType<typeof buildSerializer>

/**
 * Fastify's own compilers, but a schema is compiled when the first request needs it: compiling all of them was a fifth
 * of a start. test/plugins/http/lazy-compilers.test.ts compiles all.
 */
export const lazyCompilers = {
  buildValidator(...options: Parameters<typeof buildValidator>): CompileValidator {
    return (...definition) => {
      let compiled: ReturnType<CompileValidator> | null = null
      const validate = (data: unknown) => {
        compiled ??= buildValidator(...options)(...definition)
        const result = compiled(data)
        // where Fastify looks for them
        Object.assign(validate, { errors: compiled.errors })
        return result
      }
      return validate as ReturnType<CompileValidator>
    }
  },
  buildSerializer(...options: Parameters<typeof buildSerializer>): CompileSerializer {
    return (definition) => {
      let compiled: ReturnType<CompileSerializer> | null = null
      return (data) => {
        compiled ??= buildSerializer(...options)(definition)
        return compiled(data)
      }
    }
  },
}
