becket.add({
	enums = {
	},
	messages = {
		["foreign.Words"] = { fields = {
			[1] = { name = "class", type = "int32" },
			[2] = { name = "restrict", type = "int32" },
			[3] = { name = "nullptr", type = "int32" },
			[4] = { name = "linux", type = "int32", repeated = true },
			[5] = { name = "int64_t", type = "int64" },
			[6] = { name = "noexcept", type = "int32" },
			[7] = { name = "base", type = "string" },
			[8] = { name = "static_assert", type = "int32" },
			[9] = { name = "export", type = "message", of = "foreign.None" },
			[10] = { name = "alignas", type = "bool" },
		} },
		["foreign.None"] = { fields = {
		} },
		["foreign.Flat"] = { fields = {
			[1] = { name = "nullptr", type = "string" },
			[2] = { name = "delete", type = "bool" },
			[3] = { name = "int64_t", type = "int64" },
			[4] = { name = "base", type = "int32" },
		} },
	},
	interfaces = {
		{
			name = "foreign.Files",
			uuid = "e87c8b90-06d9-569d-b3b0-a4cd2f8ebf5f",
			major = 1,
			operations = {
				[0] = {
					name = "Delete",
					request = "foreign.Words",
					response = "foreign.Words",
				},
				[1] = {
					name = "Default",
					request = "foreign.Words",
					response = "foreign.Words",
					is_stream = true,
				},
				[2] = {
					name = "Errno",
					request = "foreign.Flat",
					response = "foreign.Flat",
				},
				[3] = {
					name = "Register",
					request = "foreign.None",
					response = "foreign.None",
				},
				[4] = {
					name = "Unregister",
					request = "foreign.None",
					response = "foreign.None",
					is_stream = true,
				},
				[5] = {
					name = "Endpoints",
					request = "foreign.None",
					response = "foreign.None",
				},
				[6] = {
					name = "V1Interface",
					request = "foreign.None",
					response = "foreign.None",
				},
			},
		},
	},
})
