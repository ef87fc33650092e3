becket.add({
	enums = {
	},
	messages = {
		["calc.DivideRequest"] = { fields = {
			[1] = { name = "dividend", type = "int64" },
			[2] = { name = "divisor", type = "int64" },
		} },
		["calc.DivideResponse"] = { fields = {
			[1] = { name = "quotient", type = "int64" },
			[2] = { name = "remainder", type = "int64" },
		} },
		["calc.AddRequest"] = { fields = {
			[1] = { name = "a", type = "int64" },
			[2] = { name = "b", type = "int64" },
		} },
		["calc.AddResponse"] = { fields = {
			[1] = { name = "sum", type = "int64" },
		} },
		["calc.SumRequest"] = { fields = {
			[1] = { name = "terms", type = "int64", repeated = true },
		} },
		["calc.SumResponse"] = { fields = {
			[1] = { name = "sum", type = "int64" },
		} },
	},
	interfaces = {
		{
			name = "calc.Calculator",
			uuid = "5d9c1ea3-9a4b-4c0e-9f38-c2a74ab2d1e6",
			major = 1,
			operations = {
				[0] = {
					name = "Divide",
					request = "calc.DivideRequest",
					response = "calc.DivideResponse",
				},
				[1] = {
					name = "Add",
					request = "calc.AddRequest",
					response = "calc.AddResponse",
				},
				[2] = {
					name = "Sum",
					request = "calc.SumRequest",
					response = "calc.SumResponse",
				},
			},
		},
	},
})
