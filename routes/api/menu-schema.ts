import { Type } from 'typebox'

export const MenuItem = Type.Object({
  id: Type.Integer(),
  name: Type.String(),
  description: Type.String(),
  price: Type.Integer({ description: 'paise' }),
  vegetarian: Type.Boolean(),
  available: Type.Boolean(),
})
