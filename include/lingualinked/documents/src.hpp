// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

// Everything of this folder that is compiled once.
#include <lingualinked/documents/control.ipp>
#include <lingualinked/documents/fleet.ipp>
#include <lingualinked/documents/instance.ipp>
#include <lingualinked/documents/plan.ipp>
#include <lingualinked/documents/profile.ipp>
