import type { SettingsView } from '../protocol/manager-views.js'
import type { Settings, SettingsChange } from './settings-actions.js'

export function viewSettings({ maxTime, minTime, gstRate, openingHours, ...same }: Settings): SettingsView {
  return {
    ...same,
    max_time: maxTime,
    min_time: minTime,
    openingHours: openingHours === null ? null : [...openingHours],
    gstRate: gstRate / 100,
  }
}

/** A change as the API takes it, in the terms of the domain. */
export function readSettingsChange(given: Partial<Omit<SettingsView, 'id'>>): SettingsChange {
  const { max_time: maxTime, min_time: minTime, gstRate, ...same } = given
  return {
    ...same,
    ...(maxTime === undefined ? {} : { maxTime }),
    ...(minTime === undefined ? {} : { minTime }),
    ...(gstRate === undefined ? {} : { gstRate: Math.round(gstRate * 100) }),
  }
}
