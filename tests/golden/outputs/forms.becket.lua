becket.add({
	enums = {
		["lib.Kind"] = {
			[0] = "KIND_UNKNOWN",
			[1] = "KIND_GOOD",
		},
		["demo.v2.Local.Mode"] = {
			[0] = "UNKNOWN",
			[1] = "fast",
		},
	},
	messages = {
		["google.protobuf.Empty"] = { fields = {
		} },
		["demo.v2.None"] = { fields = {
		} },
		["demo.v2.NamesRequest"] = { fields = {
			[1] = { name = "binding", type = "string" },
			[2] = { name = "status", type = "int32" },
			[3] = { name = "request", type = "int32" },
			[4] = { name = "call", type = "int32" },
			[5] = { name = "texts", type = "int32" },
		} },
		["demo.v2.NamesResponse"] = { fields = {
			[1] = { name = "token", type = "string" },
			[2] = { name = "status", type = "int32" },
			[3] = { name = "response", type = "bool" },
			[4] = { name = "reply", type = "string" },
		} },
		["demo.v2.EveryResponse"] = { fields = {
			[1] = { name = "first", type = "string" },
			[2] = { name = "number", type = "int64" },
			[3] = { name = "yes", type = "bool" },
			[4] = { name = "second", type = "string" },
			[5] = { name = "a_kind", type = "enum", of = "lib.Kind" },
		} },
		["demo.v2.EveryRequest"] = { fields = {
			[1] = { name = "a_double", type = "double" },
			[2] = { name = "a_float", type = "float" },
			[3] = { name = "an_int32", type = "int32" },
			[4] = { name = "a_sint32", type = "sint32" },
			[5] = { name = "a_sfixed32", type = "sfixed32" },
			[6] = { name = "a_uint32", type = "uint32" },
			[7] = { name = "a_fixed32", type = "fixed32" },
			[8] = { name = "an_int64", type = "int64" },
			[9] = { name = "a_sint64", type = "sint64" },
			[10] = { name = "a_sfixed64", type = "sfixed64" },
			[11] = { name = "a_uint64", type = "uint64" },
			[12] = { name = "a_fixed64", type = "fixed64" },
			[13] = { name = "a_bool", type = "bool" },
			[14] = { name = "aString", type = "string" },
			[15] = { name = "a_kind", type = "enum", of = "lib.Kind" },
			[16] = { name = "a_mode", type = "enum", of = "demo.v2.Local.Mode" },
			[17] = { name = "class", type = "int32" },
		} },
	},
	interfaces = {
		{
			name = "demo.v2.HTTPForms",
			uuid = "7d3c1b0e-8e62-4e7a-9d57-0e6c7f9b1a2c",
			major = 3,
			operations = {
				[0] = {
					name = "Clear",
					request = "google.protobuf.Empty",
					response = "google.protobuf.Empty",
				},
				[2] = {
					name = "Nothing",
					request = "demo.v2.None",
					response = "demo.v2.None",
				},
				[3] = {
					name = "Names",
					request = "demo.v2.NamesRequest",
					response = "demo.v2.NamesResponse",
				},
				[4] = {
					name = "Watch",
					request = "demo.v2.None",
					response = "demo.v2.EveryResponse",
					is_stream = true,
				},
				[5] = {
					name = "Talk",
					request = "demo.v2.None",
					response = "demo.v2.None",
					is_stream = true,
				},
				[6] = {
					name = "Tell",
					request = "demo.v2.NamesRequest",
					response = "demo.v2.None",
				},
				[9] = {
					name = "Every",
					request = "demo.v2.EveryRequest",
					response = "demo.v2.EveryResponse",
				},
			},
		},
		{
			name = "demo.v2.Streams",
			uuid = "38e077d2-6b07-57b3-9ec6-ca7ca6ff9872",
			major = 1,
			operations = {
				[0] = {
					name = "Only",
					request = "demo.v2.None",
					response = "demo.v2.None",
					is_stream = true,
				},
			},
		},
		{
			name = "demo.v2.Empty",
			uuid = "f9757a6f-340e-502a-8a89-db07044a6d61",
			major = 1,
			operations = {
			},
		},
	},
})
